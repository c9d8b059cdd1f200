using FastKsm.Scripting.Syntax;

namespace FastKsm.Cli.Conformance.Generation;

/// <content>The scanner and its settings.</content>
internal sealed partial class ScriptGenerator
{
    // What each file refuses, next to what it takes.
    private static readonly (string Knob, string[] Values)[] s_values =
    [
        ("run", ["3", "-1", "x", "", "01", "+1"]),
        ("use_zero_pages", ["2", "-1", "x", "yes", "0", "1"]),
        ("smart_scan", ["2", "-1", "x", "on", "0", "1"]),
        ("merge_across_nodes", ["2", "-1", "x", "1"]),
        ("max_page_sharing", ["1", "0", "-1", "x", "2x", "4294967296", "99999999999999999999"]),
        ("pages_to_scan", ["-1", "x", "4294967296", "0x10", "", Never, "+4294967295"]),
        ("stable_node_chains_prune_millisecs", ["-1", "x", "4294967296", Never]),
        ("advisor_mode", ["none", "scan", "scan-times", "x", ""]),
        ("advisor_max_cpu", ["0", "70", "100", "101", "-1", "x"]),
        ("advisor_min_pages_to_scan", ["0", "500", "-1", "x", "4294967296"]),
        ("advisor_max_pages_to_scan", ["0", "30000", "-1", "x", "4294967296"]),
        ("advisor_target_scan_time", ["0", "1", "200", "-1", "x"]),
        ("full_scans", ["0"]),
        ("pages_shared", ["0"]),
    ];

    private void Scan() => Add(new Operation.Scan(default, 1 + _random.Next(_scansAtOnce)));

    private void ZeroPages() => SetKnobs(("use_zero_pages", _random.Of("0", "1")));

    private void SmartScan() => SetKnobs(("smart_scan", _random.Of("0", "1")));

    private void PruneInterval() => SetKnobs(("stable_node_chains_prune_millisecs", _random.Of("0", Never)));

    // An interval that elapses between two scans and not before.
    private void Interval()
    {
        SetKnobs(("stable_node_chains_prune_millisecs", "60000"));
        Add(new Operation.Scan(default, 1));
        SetKnobs(("stable_node_chains_prune_millisecs", "300"));
        Add(new Operation.Advance(default, new Duration(400_000_000)));
        Add(new Operation.Scan(default, 1));
        SetKnobs(("stable_node_chains_prune_millisecs", Never));
    }

    // Mostly refused: pages are merged, or frames of nodes that nobody has visited since are mapped still.
    private void Limit() => SetKnobs(("max_page_sharing", _random.Of(_profile.Limits)));

    private void Nodes() => SetKnobs(("merge_across_nodes", _random.Of("0", "1")));

    private void RefusedKnob()
    {
        (string knob, string[] values) = s_values[_random.Next(s_values.Length)];
        SetKnobs((knob, _random.Of(values)));
    }

    // No scan while it is on: the kernel's goes by real time.
    private void Advisor()
    {
        SetKnobs(("advisor_min_pages_to_scan", _random.Of("100", "500")));
        SetKnobs(("advisor_mode", "scan-time"));
        SetKnobs(("pages_to_scan", "100"));
        SetKnobs(("advisor_max_cpu", _random.Of("50", "70", "101")));
        Write();
        SetKnobs(("advisor_mode", "none"));
        SetKnobs(("pages_to_scan", Never));
    }

    private void NoPagesToScan()
    {
        SetKnobs(("pages_to_scan", "0"));
        Add(new Operation.Batch(default, 1));
        Write();
        SetKnobs(("pages_to_scan", Never));
    }

    // A process that registers meanwhile goes to its usual place.
    private void Stop()
    {
        Add(new Operation.Run(default, 0));
        Add(new Operation.Scan(default, 1));
        Perform(_random.Of(Act.Write, Act.Fork, Act.Exit, Act.DontNeed, Act.Spawn));
        Add(new Operation.Run(default, 1));
    }

    // While pages are merged the limit is refused; after everything is unmerged it is not. Whoever registers at 2 goes last.
    private void UnmergeAll()
    {
        Add(new Operation.Run(default, 2));
        if (_random.OneIn(2))
        {
            SetKnobs(("max_page_sharing", _random.Of(_profile.Limits)));
        }

        if (_random.OneIn(4))
        {
            Perform(_random.Of(Act.Spawn, Act.Fork, Act.Exit, Act.Write));
        }

        Add(new Operation.Run(default, _random.Of(1, 1, 1, 0)));
        Add(new Operation.Run(default, 1));
    }

    // A scan in small steps. What comes in between finds the cursor somewhere.
    private void Batches()
    {
        if (_isWithinScan)
        {
            return;
        }

        _isWithinScan = true;
        SetKnobs(("pages_to_scan", _random.Of("1", "2", "3", "5", "7", "11")));
        for (int left = 2 + _random.Next(6); left > 0; left--)
        {
            Add(new Operation.Batch(default, 1 + _random.Next(3)));
            for (int acts = _profile.ChangesWithinScans ? _random.Next(4) : 0; acts > 0; acts--)
            {
                Perform(AnyAct());
            }

            if (!_profile.ChangesWithinScans && _random.OneIn(3))
            {
                Fork();
            }
        }

        SetKnobs(("pages_to_scan", Never));
        Add(new Operation.Scan(default, 1));
        _isWithinScan = false;
    }

    // Many pages of one content, most of which go again: what is left of the chain is met by the next searches.
    private void ChainComesAndGoes()
    {
        if (AnyProcess() is not { } process)
        {
            return;
        }

        string name = $"r{process.NextRegion++}";
        int pages = _random.Of(12, 12, 12, 20);
        PageRange all = new(NameOf(name), null);
        process.Regions.Add((name, pages));
        Add(new Operation.Map(default, NameOf(process.Name), NameOf(name), (ulong)pages, new MapSettings()));
        Add(new Operation.Advise(default, NameOf(process.Name), all, MemoryAdvice.Mergeable));
        FillRange(process.Name, all, AnyContent());
        Add(new Operation.Scan(default, 2));
        ulong first = (ulong)_random.Next(4);
        ulong step = _random.Of(1UL, 1UL, 2UL);
        PageRange going = new(NameOf(name), new PageSelection(first, (ulong)(pages - 5 + _random.Next(5)), step));
        Add(new Operation.Advise(default, NameOf(process.Name), going, MemoryAdvice.DontNeed));
        Write();
        Add(new Operation.Scan(default, 2 + _random.Next(3)));
    }

    private void SetKnobs(params (string Knob, string Value)[] settings)
    {
        KnobSetting[] knobs = System.Array.ConvertAll(settings, setting => new KnobSetting(setting.Knob, setting.Value, default));
        Add(new Operation.Knobs(default, [.. knobs]));
    }
}
