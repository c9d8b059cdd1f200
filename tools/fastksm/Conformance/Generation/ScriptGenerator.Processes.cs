using System.Linq;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Cli.Conformance.Generation;

/// <content>Processes.</content>
internal sealed partial class ScriptGenerator
{
    // CPUs of the machine, where a script's processes move between some.
    private const int CpusOfSome = 2;

    private int _cpus = 1;

    // Some are advised at once and filled, so that there is something to merge.
    private void Spawn()
    {
        if (_processes.Count >= _profile.MostProcesses)
        {
            return;
        }

        GeneratedProcess process = new($"P{_nextProcess++}");
        _processes.Add(process);
        Add(new Operation.Spawn(
            default, NameOf(process.Name), _random.OneIn(16) ? NameOf("group") : null,
            _random.OneIn(16) ? _random.Next(_cpus) : null));
        if (_random.OneIn(8))
        {
            Add(new Operation.MergeAnything(default, NameOf(process.Name), Enabled: true));
        }

        MapInto(process);
    }

    private void Fork()
    {
        if (AnyProcess() is { } parent && _processes.Count < _profile.MostProcesses)
        {
            GeneratedProcess child = parent.Fork($"P{_nextProcess++}");
            _processes.Add(child);
            Add(new Operation.Fork(default, NameOf(parent.Name), NameOf(child.Name)));
        }
    }

    private void Exit()
    {
        if (_processes.Count > 1)
        {
            Exit(AnyProcess()!);
        }
    }

    private void Exit(GeneratedProcess process)
    {
        UnpinReaders(process);
        _ = _processes.Remove(process);
        _orphanedPins.AddRange(process.Pins.Select(pin => (process.Name, pin.Region, pin.Page)));
        Add(new Operation.ExitProcess(default, NameOf(process.Name)));
    }

    private void Exec()
    {
        if (AnyProcess() is { } process)
        {
            UnpinReaders(process);
            process.Regions.Clear();
            Add(new Operation.Exec(default, NameOf(process.Name)));
            MapInto(process);
        }
    }

    private void MergeEverything() => MergeAnything(enabled: true);

    private void MergeNothing() => MergeAnything(enabled: false);

    private void MergeAnything(bool enabled)
    {
        if (AnyProcess() is { } process)
        {
            Add(new Operation.MergeAnything(default, NameOf(process.Name), enabled));
        }
    }

    // As the system call takes it; what lies behind the last argument that matters must be 0.
    private void Prctl()
    {
        if (AnyProcess() is { } process)
        {
            ulong[] arguments = _random.Of<ulong[]>([], [0], [1], [5], [1, 1], [0, 0, 0, 1], [1, 0, 0, 0]);
            Add(new Operation.MergeControl(default, NameOf(process.Name), _random.OneIn(2), [.. arguments]));
        }
    }

    private void SwitchCpu()
    {
        if (AnyProcess() is { } process)
        {
            Add(new Operation.Cpu(default, NameOf(process.Name), _random.Next(_cpus)));
        }
    }

    // A child that inherits none of its parent's memory, but its count of zero pages: ksmd forgets it, and it forks in turn.
    private void ForgottenParent()
    {
        if (AnyProcess() is not { Regions.Count: > 0 } parent || _processes.Count + 1 >= _profile.MostProcesses)
        {
            return;
        }

        foreach ((string region, _) in parent.Regions)
        {
            Add(new Operation.Advise(
                default, NameOf(parent.Name), new PageRange(NameOf(region), null), MemoryAdvice.DontFork));
        }

        GeneratedProcess child = parent.Fork($"P{_nextProcess++}");
        _processes.Add(child);
        Add(new Operation.Fork(default, NameOf(parent.Name), NameOf(child.Name)));
        child.Regions.Clear();
        Add(new Operation.Scan(default, 2));
        GeneratedProcess grandchild = child.Fork($"P{_nextProcess++}");
        _processes.Add(grandchild);
        Add(new Operation.Fork(default, NameOf(child.Name), NameOf(grandchild.Name)));
        MapInto(grandchild);
    }

    // A family whose members write some of what they share; the parent often goes first.
    private void ForkAndDiverge()
    {
        if (AnyProcess() is not { Regions.Count: > 0 } parent)
        {
            return;
        }

        (string region, int pages) = parent.Regions[_random.Next(parent.Regions.Count)];
        for (int left = 1 + _random.Next(3); left > 0 && _processes.Count < _profile.MostProcesses; left--)
        {
            GeneratedProcess child = parent.Fork($"P{_nextProcess++}");
            _processes.Add(child);
            Add(new Operation.Fork(default, NameOf(parent.Name), NameOf(child.Name)));
            FillRange(child.Name, Part(region, pages), AnyContent());
        }

        Add(new Operation.Scan(default, 1 + _random.Next(2)));
        if (_processes.Count > 1 && _random.OneIn(2))
        {
            Exit(parent);
        }
    }
}
