using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Threading;
using FastKsm.Scripting;
using FastKsm.Scripting.Engine;
using FastKsm.Scripting.Printing;
using FastKsm.Scripting.Running;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Tests.Scripting;

/// <summary>Performs mutated scripts on all cores, on both indexes, and watches that each of them ends.</summary>
internal sealed class ScriptFuzzer
{
    /// <summary>How long one script may take: a thousand times what the longest does, for hosts that are busy.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    // Small, so that scripts run into every bound and a thousand of them fit into half a second.
    private static readonly MachineOptions s_machine = new() { Frames = 48, Cpus = 2, Nodes = 2, MaxMapCount = 12 };
    private static readonly ScriptRunnerOptions s_bounds = new() { MaxTouchedPages = 2048, MaxScans = 100 };

    private readonly ScriptMutator _mutator;
    private readonly Dictionary<string, int> _ends = new(StringComparer.Ordinal);
    private readonly Lock _latch = new();
    private int _nextSeed;
    private int _failedSeed = int.MaxValue;

    /// <param name="mutator">Makes the scripts.</param>
    internal ScriptFuzzer(ScriptMutator mutator) => _mutator = mutator;

    /// <summary>How many scripts ended in which way.</summary>
    internal IReadOnlyDictionary<string, int> Ends => _ends;

    /// <summary>Scripts of which at least this many operations were performed on both indexes.</summary>
    internal int Deep { get; private set; }

    /// <summary>Scripts in which pages were merged.</summary>
    internal int Merged { get; private set; }

    /// <summary>Performs the scripts of some seeds.</summary>
    /// <param name="first">The first seed.</param>
    /// <param name="count">How many seeds.</param>
    /// <param name="deep">Operations from which on a script counts as deep.</param>
    /// <returns>What is wrong, with its seed and script; null if nothing is.</returns>
    internal string? Run(int first, int count, int deep)
    {
        _nextSeed = first;
        Watch[] watches = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new Watch())];
        Thread[] threads = Array.ConvertAll(watches, watch => new Thread(() => Work(watch, first + count, deep)) { IsBackground = true });
        Array.ForEach(threads, thread => thread.Start());
        foreach (Thread thread in threads)
        {
            while (!thread.Join(TimeSpan.FromSeconds(1)))
            {
                foreach (Watch watch in watches)
                {
                    if (watch.Overdue(s_patience) is { } stuck)
                    {
                        return $"FASTKSM_SEED={stuck.Seed} has not ended after {s_patience}:\n{stuck.Text}";
                    }
                }
            }
        }

        if (_failedSeed == int.MaxValue)
        {
            return null;
        }

        string smallest = Shrink(_mutator.Mutate(new Random(_failedSeed)));
        return $"FASTKSM_SEED={_failedSeed} fails; the smallest script that does:\n{smallest}\n{Perform(smallest).Failure}";
    }

    private void Work(Watch watch, int end, int deep)
    {
        for (int seed; (seed = Interlocked.Increment(ref _nextSeed) - 1) < end && seed < Volatile.Read(ref _failedSeed);)
        {
            string text = _mutator.Mutate(new Random(seed));
            watch.Begin(seed, text);
            FuzzOutcome outcome = Perform(text);
            watch.End();
            lock (_latch)
            {
                _ends[outcome.End] = _ends.GetValueOrDefault(outcome.End) + 1;
                Deep += outcome.Operations >= deep ? 1 : 0;
                Merged += outcome.Merged ? 1 : 0;
                if (outcome.Failure is not null)
                {
                    _failedSeed = Math.Min(_failedSeed, seed);
                }
            }
        }
    }

    private static FuzzOutcome Perform(string text)
    {
        try
        {
            if (TryRead(text) is not { } script)
            {
                return new FuzzOutcome("unreadable", 0, Merged: false, null);
            }

            string printed = ScriptPrinter.Print(script.Operations);
            if (!ScriptFiles.Parse(printed).Operations.Equals(script.Operations))
            {
                throw new InvalidOperationException("Printed and read again, the script is another one:\n" + printed);
            }

            using Performance table = Performance.Of(script, s_bounds, s_machine, ScannerIndex.Fingerprint);
            using Performance tree = Performance.Of(script, s_bounds, s_machine, ScannerIndex.Tree);
            return new FuzzOutcome(
                tree.End?.Outcome.ToString() ?? "Held",
                Math.Min(table.Runner.OperationsPerformed, tree.Runner.OperationsPerformed), table.HasMerged || tree.HasMerged, null);
        }
#pragma warning disable CA1031 // Any exception but the reader's own is what this looks for.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            return new FuzzOutcome("failed", 0, Merged: false, failure);
        }
    }

    private static Script? TryRead(string text)
    {
        try
        {
            return ScriptFiles.Parse(text, "mutant.ksm");
        }
        catch (ScriptException)
        {
            return null;
        }
    }

    // Drops ever smaller runs of lines while the script keeps failing.
    private static string Shrink(string text)
    {
        List<string> lines = [.. text.Split('\n')];
        for (int chunk = lines.Count / 2; chunk > 0; chunk /= 2)
        {
            for (int start = 0; start + chunk <= lines.Count;)
            {
                List<string> shorter = [.. lines[..start], .. lines[(start + chunk)..]];
                if (Perform(string.Join('\n', shorter)).Failure is null)
                {
                    start += chunk;
                }
                else
                {
                    lines = shorter;
                }
            }
        }

        return string.Join('\n', lines);
    }

    /// <summary>What one worker is at, and since when.</summary>
    private sealed class Watch
    {
        private readonly Lock _latch = new();
        private (int Seed, string Text)? _script;
        private long _since;

        internal void Begin(int seed, string text)
        {
            lock (_latch)
            {
                _script = (seed, text);
                _since = Stopwatch.GetTimestamp();
            }
        }

        internal void End()
        {
            lock (_latch)
            {
                _script = null;
            }
        }

        /// <summary>The script, if it has taken longer than that.</summary>
        internal (int Seed, string Text)? Overdue(TimeSpan patience)
        {
            lock (_latch)
            {
                return _script is not null && Stopwatch.GetElapsedTime(_since) > patience ? _script : null;
            }
        }
    }
}
