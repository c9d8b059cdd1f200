using System;
using System.Collections.Generic;
using System.Linq;

namespace FastKsm.Cli.Scenarios.PreforkWorkers;

/// <summary>The machine on which the web tier runs: does what controller and workers do as time goes on.</summary>
/// <remarks>Thread safety: none.</remarks>
internal sealed class PreforkHost : IDisposable
{
    private const ulong PageBytes = 4096;
    private const ulong FillerContent = 1;
    private const ulong FirstCommonContent = 2;
    private const ulong FirstUniqueContent = 1UL << 32;

    private readonly PreforkWorkload _workload;
    private readonly ModelClock _clock = new();
    private readonly SeededRandom _random;
    private readonly PreforkProcess _controller;
    private readonly List<PreforkProcess> _workers = [];
    private readonly ulong _inherited;
    private readonly ulong _common;
    private readonly ulong _filler;
    private ulong _unique = FirstUniqueContent;
    private TimeSpan _nextChange;
    private bool _hasStarted;

    /// <summary>Makes the machine, the controller and the workers, and loads them. Nothing has been scanned.</summary>
    /// <param name="workload">What runs.</param>
    /// <param name="seed">Of the moments at which workers take turns.</param>
    internal PreforkHost(PreforkWorkload workload, ulong seed)
    {
        _workload = workload;
        _random = new SeededRandom(seed);

        // A worker maps new memory before it frees the old, and loads while it still has the controller's pages.
        long frames = workload.Pages + ((long)workload.Workers * workload.Starting) + (2L * workload.PagesOfAProcess) + 1;
        Machine = new Machine(new MachineOptions { Frames = frames, Content = FrameContent.Fingerprint, ModelTime = _clock });
        _controller = new PreforkProcess(Machine.Spawn(), Machine.Cpus[0]);
        _controller.On().SetMergesAnything(true);
        _inherited = Map(_controller.On(), workload.Inherited);
        _common = Map(_controller.On(), workload.Common);
        _filler = Map(_controller.On(), workload.Filler);
        FillUnique(_controller.On(), _inherited, workload.Inherited);
        Load(_controller);
        for (int i = 0; i < workload.Workers; i++)
        {
            PreforkProcess worker = Fork(workload.Starting);
            worker.Dies = Turn(i, workload.LifetimeSeconds);
            worker.Renews = Turn(i, workload.RequestSeconds);
            _workers.Add(worker);
        }
    }

    /// <summary>The machine.</summary>
    internal Machine Machine { get; }

    /// <summary>The controller and the workers of this moment.</summary>
    internal IEnumerable<ModelProcess> Processes => [_controller.Process, .. _workers.Select(worker => worker.Process)];

    /// <summary>Time since the host was made.</summary>
    internal TimeSpan Now => TimeSpan.FromTicks(_clock.GetTimestamp() / 100);

    /// <summary>Workers that have been replaced.</summary>
    internal long Replaced { get; private set; }

    /// <summary>Times that a worker has freed the memory of requests.</summary>
    internal long Renewed { get; private set; }

    /// <summary>Lets time pass, and does what falls due.</summary>
    internal void Advance(TimeSpan by)
    {
        _clock.Advance(by);
        if (!_hasStarted && Now >= TimeSpan.FromSeconds(_workload.StartSeconds))
        {
            _hasStarted = true;
            _workers.ForEach(worker => worker.FreeStarting());
        }

        for (int i = 0; i < _workers.Count; i++)
        {
            while (_workers[i].Dies <= Now)
            {
                _workers[i] = Replace(_workers[i]);
                Replaced++;
            }

            while (_workers[i].Renews <= Now)
            {
                Renew(_workers[i]);
                _workers[i].Renews += Term(_workload.RequestSeconds);
                Renewed++;
            }
        }

        if (Now >= _nextChange)
        {
            _nextChange = Now + TimeSpan.FromSeconds(_workload.ChangeSeconds);
            Change(_controller);
            _workers.ForEach(Change);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Machine.Dispose();

    private static ulong Map(Cpu cpu, int pages) => pages == 0 ? 0 : cpu.Map((ulong)pages * PageBytes, new MapOptions());

    // They take turns: at first one in each part of the period, at some moment of it,
    private TimeSpan Turn(int worker, long period) => period == 0
        ? TimeSpan.MaxValue
        : TimeSpan.FromSeconds(period * (worker + Fraction()) / _workload.Workers);

    // and then after three to five quarters of it, or the turns could keep in step with scans.
    private TimeSpan Term(long period) => TimeSpan.FromSeconds(period * (0.75 + (0.5 * Fraction())));

    private double Fraction() => _random.Next(1 << 20) / (double)(1 << 20);

    private PreforkProcess Replace(PreforkProcess worker)
    {
        worker.On().Exit();
        PreforkProcess next = Fork(starting: 0);
        next.Dies = worker.Dies + Term(_workload.LifetimeSeconds);
        next.Renews = worker.Renews;
        return next;
    }

    private PreforkProcess Fork(int starting)
    {
        PreforkProcess worker = new(_controller.On().Fork(), Machine.Cpus[0]) { Requests = _controller.Requests };
        Load(worker);
        if (starting > 0)
        {
            worker.Starting = (Map(worker.On(), starting), (ulong)starting * PageBytes);
            FillUnique(worker.On(), worker.Starting.Address, starting);
        }

        return worker;
    }

    // What a process writes for itself, whether it has inherited the page or not.
    private void Load(PreforkProcess process)
    {
        Cpu cpu = process.On();
        for (ulong page = 0; page < (ulong)_workload.Common; page++)
        {
            cpu.WritePage(_common + (page * PageBytes), FirstCommonContent + page);
        }

        for (ulong page = 0; page < (ulong)_workload.Filler; page++)
        {
            cpu.WritePage(_filler + (page * PageBytes), FillerContent);
        }

        Renew(process);
    }

    // The new memory is mapped before the old is freed, so that it lies elsewhere.
    private void Renew(PreforkProcess process)
    {
        int pages = _workload.Private + _workload.Changing;
        ulong address = Map(process.On(), pages);
        process.FreeRequests();
        process.Requests = (address, (ulong)pages * PageBytes);
        FillUnique(process.On(), address, pages);
    }

    private void Change(PreforkProcess process) => FillUnique(
        process.On(), process.Requests.Address + ((ulong)_workload.Private * PageBytes), _workload.Changing);

    private void FillUnique(Cpu cpu, ulong address, int pages)
    {
        for (int page = 0; page < pages; page++)
        {
            cpu.WritePage(address + ((ulong)page * PageBytes), _unique++);
        }
    }
}
