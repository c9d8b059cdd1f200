using System.Diagnostics;
using System.Threading;
using FastKsm.AddressSpaces;

namespace FastKsm;

/// <summary>
/// What the machine keeps of a process, and of the next one when it has exited; <see cref="ModelProcess"/> names it.
/// </summary>
/// <remarks>
/// The state is one word, so that running, ending and replacing exclude each other by compare and exchange:
/// <c>[63..32] generation  [31] ends  [30] replaces its program  [29..0] CPUs that run it</c>. A generation is one process: it is
/// counted on when the record is given out. Thread safety: all members may be called concurrently unless they say otherwise.
/// </remarks>
internal sealed class ProcessRecord
{
    private const long EndsBit = 1L << 31;
    private const long ReplacesBit = 1L << 30;
    private const long RunnersMask = ReplacesBit - 1;
    private const int GenerationShift = 32;

    private long _state = EndsBit;
    private AddressSpace _space;

    /// <param name="machine">Its machine.</param>
    /// <param name="space">The address space of the first process that it stands for.</param>
    internal ProcessRecord(Machine machine, AddressSpace space)
    {
        Machine = machine;
        _space = space;
    }

    /// <summary>Its machine.</summary>
    internal Machine Machine { get; }

    /// <summary>Address space of the process; that of the last one after its exit.</summary>
    internal AddressSpace Space => Volatile.Read(ref _space);

    /// <summary>CPU that ran it last, or on which it was forked; null before that.</summary>
    internal Cpu? LastCpu { get; set; }

    /// <summary>Place in the machine's list of processes. Under the list's lock.</summary>
    internal int Place { get; set; }

    /// <summary>Makes it a process. For a record that no handle of a living process names.</summary>
    /// <param name="space">Its address space, of which the record is a user.</param>
    /// <param name="cpu">CPU that forks it; null for none.</param>
    /// <returns>The process's generation.</returns>
    internal uint Begin(AddressSpace space, Cpu? cpu)
    {
        Debug.Assert((_state & (EndsBit | RunnersMask)) == EndsBit, "The last process has exited.");
        Volatile.Write(ref _space, space);
        LastCpu = cpu;
        uint generation = (uint)(_state >> GenerationShift) + 1;
        Volatile.Write(ref _state, (long)generation << GenerationShift);
        return generation;
    }

    /// <summary>Whether a generation has not exited.</summary>
    internal bool Lives(uint generation)
    {
        long state = Volatile.Read(ref _state);
        return (uint)(state >> GenerationShift) == generation && (state & EndsBit) == 0;
    }

    /// <summary>One CPU more runs it.</summary>
    /// <param name="generation">The process that is meant.</param>
    internal RunOutcome TryRun(uint generation)
    {
        long state = Volatile.Read(ref _state);
        for (; ; )
        {
            if ((uint)(state >> GenerationShift) != generation || (state & EndsBit) != 0)
            {
                return RunOutcome.HasExited;
            }

            if ((state & ReplacesBit) != 0)
            {
                return RunOutcome.ReplacesProgram;
            }

            long seen = Interlocked.CompareExchange(ref _state, state + 1, state);
            if (seen == state)
            {
                return RunOutcome.Runs;
            }

            state = seen;
        }
    }

    /// <summary>One CPU less runs it.</summary>
    internal void StopRunning()
    {
        long left = Interlocked.Decrement(ref _state);
        Debug.Assert((left & RunnersMask) != RunnersMask, "More CPUs left than came.");
    }

    /// <summary>The one CPU that runs it ends it, and runs it no more.</summary>
    /// <returns>False when another CPU runs it too; nothing has changed.</returns>
    internal bool TryEnd()
    {
        long state = Volatile.Read(ref _state);
        return (state & RunnersMask) == 1 && Interlocked.CompareExchange(ref _state, (state - 1) | EndsBit, state) == state;
    }

    /// <summary>
    /// The one CPU that runs it begins to replace its program: no other may run it before <see cref="Replace"/>.
    /// </summary>
    /// <returns>False when another CPU runs it too; nothing has changed.</returns>
    internal bool TryBeginReplacing()
    {
        long state = Volatile.Read(ref _state);
        return (state & RunnersMask) == 1 && Interlocked.CompareExchange(ref _state, state | ReplacesBit, state) == state;
    }

    /// <summary>Ends what <see cref="TryBeginReplacing"/> has begun.</summary>
    /// <param name="space">
    /// The new address space, of which the record becomes a user; the old one to change nothing.
    /// </param>
    internal void Replace(AddressSpace space)
    {
        Volatile.Write(ref _space, space);
        _ = Interlocked.And(ref _state, ~ReplacesBit);
    }

    /// <summary>Becomes a user of the address space of a process, to work on it without running it.</summary>
    /// <param name="generation">The process that is meant.</param>
    /// <param name="space">Its address space; the caller drops the user.</param>
    /// <returns>False when the process has exited.</returns>
    internal bool TryUseSpace(uint generation, out AddressSpace space)
    {
        for (; ; )
        {
            space = Space;
            if (!Lives(generation))
            {
                return false;
            }

            // The program may be replaced between the look and the use, and the object serve another process by then. Who has become a
            // user of what the record still names uses the right one: from then on it cannot go away.
            if (space.TryAddUser())
            {
                if (Space == space && Lives(generation))
                {
                    return true;
                }

                space.DropUser(LastCpu?.Number ?? 0);
            }
        }
    }
}
