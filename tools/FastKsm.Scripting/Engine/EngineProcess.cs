using System.Collections.Generic;

namespace FastKsm.Scripting.Engine;

/// <summary>A process of a script: its threads, each on a CPU, of which one acts.</summary>
internal sealed class EngineProcess
{
    private readonly List<Cpu> _threads;
    private readonly EngineTurns _turns;
    private int _acting;

    /// <param name="process">The process.</param>
    /// <param name="cpu">CPU of its first thread.</param>
    /// <param name="turns">Who acts on the machine.</param>
    internal EngineProcess(ModelProcess process, Cpu cpu, EngineTurns turns)
    {
        _turns = turns;
        Process = process;
        _threads = [cpu];
    }

    /// <summary>The process.</summary>
    internal ModelProcess Process { get; }

    /// <summary>CPU of the thread that acts, whether or not it runs the process.</summary>
    internal Cpu Cpu => _threads[_acting];

    /// <summary>
    /// Lets the thread that acts run on its CPU, and all others on theirs, as threads do that have work; but for those on
    /// CPUs that the script has made idle.
    /// </summary>
    /// <returns>The CPU of the thread that acts.</returns>
    internal Cpu On()
    {
        _turns.Last = this;
        _ = _turns.Idle.Remove(Cpu);
        RunOthers(leftAlone: null);
        Cpu.Run(Process);
        return Cpu;
    }

    /// <summary>Lets the threads run that do not act.</summary>
    /// <param name="leftAlone">A CPU that goes on with what it does; null for none.</param>
    internal void RunOthers(Cpu? leftAlone)
    {
        foreach (Cpu cpu in _threads)
        {
            if (cpu != Cpu && cpu != leftAlone && !_turns.Idle.Contains(cpu))
            {
                cpu.Run(Process);
            }
        }
    }

    /// <summary>Lets all threads run while another one acts, as a kernel thread does.</summary>
    /// <param name="leftAlone">The other one's CPU.</param>
    internal void RunBeside(Cpu leftAlone)
    {
        RunOthers(leftAlone);
        if (Cpu != leftAlone && !_turns.Idle.Contains(Cpu))
        {
            Cpu.Run(Process);
        }
    }

    /// <summary>Another thread acts from here on; one that has not been there begins on the CPU of the one that acted.</summary>
    /// <param name="thread">Its number; at most one more than threads have been so far.</param>
    internal void Act(int thread)
    {
        if (thread == _threads.Count)
        {
            _threads.Add(Cpu);
            _turns.Threaded = this;
        }

        _acting = thread;
        _ = On();
    }

    /// <summary>Moves the thread that acts to another CPU.</summary>
    internal void MoveTo(Cpu cpu)
    {
        Cpu left = Cpu;
        _threads[_acting] = cpu;
        _ = On();
        if (left.Running == Process && !_threads.Contains(left))
        {
            left.Idle();
        }
    }

    /// <summary>Ends all threads but the one that acts, as exec and exit do.</summary>
    /// <returns>CPU of the thread that is left; it runs.</returns>
    internal Cpu EndOtherThreads()
    {
        Cpu own = On();
        foreach (Cpu cpu in _threads)
        {
            if (cpu != own && cpu.Running == Process)
            {
                cpu.Idle();
            }
        }

        _threads.Clear();
        _threads.Add(own);
        _acting = 0;
        return own;
    }
}
