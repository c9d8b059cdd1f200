using System;
using System.Collections.Generic;
using System.Linq;

namespace FastKsm.Cli.Recording;

/// <summary>The pages of processes, sample by sample, kept as changes.</summary>
/// <remarks>
/// Of each process the pages of the last sample are kept (16 bytes each) and the changes of each sample (24 bytes
/// each); pages that stand still cost nothing more. A process is known by its id and its start time, so that an id that
/// is used again is another process. Thread safety: one thread at a time.
/// </remarks>
internal sealed class PageTimeline
{
    private readonly Dictionary<(int Pid, ulong Start), int> _numbers = [];
    private readonly List<(int Pid, string Name)> _processes = [];
    private readonly List<List<(ulong Place, ulong Fingerprint)>> _last = [];
    private readonly List<RecordedSample> _samples = [];
    private readonly List<ProcessChanges> _open = [];
    private readonly HashSet<int> _seen = [];
    private TimeSpan _time;

    /// <summary>Samples so far.</summary>
    internal int Samples => _samples.Count;

    /// <summary>Pages in the last sample.</summary>
    internal long Pages => _last.Sum(pages => (long)pages.Count);

    /// <summary>Pages that changed or went in the last sample.</summary>
    internal long Changed { get; private set; }

    /// <summary>Begins a sample.</summary>
    /// <param name="time">Since the first one.</param>
    internal void Begin(TimeSpan time)
    {
        _time = time;
        _open.Clear();
        _seen.Clear();
        Changed = 0;
    }

    /// <summary>Adds the pages of a process.</summary>
    /// <param name="pid">Its id.</param>
    /// <param name="start">When it started, in any unit.</param>
    /// <param name="name">Its name.</param>
    /// <param name="pages">Address in pages and fingerprint, by address, each address once.</param>
    internal void Add(int pid, ulong start, string name, List<(ulong Place, ulong Fingerprint)> pages)
    {
        if (!_numbers.TryGetValue((pid, start), out int number))
        {
            number = _processes.Count;
            _numbers.Add((pid, start), number);
            _processes.Add((pid, name));
            _last.Add([]);
        }

        if (_seen.Add(number))
        {
            Note(number, pages);
        }
    }

    /// <summary>Ends a sample: a process that was not added is gone, with all its pages.</summary>
    internal void End()
    {
        for (int number = 0; number < _last.Count; number++)
        {
            if (!_seen.Contains(number) && _last[number].Count > 0)
            {
                Note(number, []);
            }
        }

        _open.Sort((first, second) => first.Process.CompareTo(second.Process));
        _samples.Add(new RecordedSample(_time, [.. _open]));
    }

    /// <summary>The recording: places by rank, so that no address is left in it.</summary>
    internal PageRecording ToRecording(int pageSize, RecordedSettings settings, long sharedByFork)
    {
        List<ulong>[] named = [.. _processes.Select(_ => new List<ulong>())];
        foreach (ProcessChanges process in _samples.SelectMany(sample => sample.Processes))
        {
            named[process.Process].AddRange(process.Changes.Select(change => change.Place));
        }

        ulong[][] places = [.. named.Select(Distinct)];
        return new PageRecording(
            pageSize,
            settings,
            sharedByFork,
            [.. _processes.Select((process, number) => new RecordedProcess(process.Pid, process.Name, places[number].Length))],
            [
                .. _samples.Select(sample => sample with
                {
                    Processes =
                    [
                        .. sample.Processes.Select(process => process with
                        {
                            Changes =
                            [
                                .. process.Changes.Select(change => change with
                                {
                                    Place = (ulong)Array.BinarySearch(places[process.Process], change.Place),
                                }),
                            ],
                        }),
                    ],
                }),
            ]);
    }

    private static ulong[] Distinct(List<ulong> places)
    {
        places.Sort();
        int kept = 0;
        for (int i = 0; i < places.Count; i++)
        {
            if (kept == 0 || places[kept - 1] != places[i])
            {
                places[kept++] = places[i];
            }
        }

        return [.. places.Take(kept)];
    }

    // Both lists ascend: one walk over both.
    private void Note(int number, List<(ulong Place, ulong Fingerprint)> now)
    {
        List<(ulong Place, ulong Fingerprint)> before = _last[number];
        List<PageChange> changes = [];
        int old = 0;
        foreach ((ulong place, ulong fingerprint) in now)
        {
            for (; old < before.Count && before[old].Place < place; old++)
            {
                changes.Add(new PageChange(before[old].Place, 0, IsGone: true));
            }

            bool wasThere = old < before.Count && before[old].Place == place;
            if (!wasThere || before[old].Fingerprint != fingerprint)
            {
                changes.Add(new PageChange(place, fingerprint, IsGone: false));
            }

            old += wasThere ? 1 : 0;
        }

        for (; old < before.Count; old++)
        {
            changes.Add(new PageChange(before[old].Place, 0, IsGone: true));
        }

        _last[number] = now;
        if (changes.Count > 0)
        {
            Changed += changes.Count;
            _open.Add(new ProcessChanges(number, changes));
        }
    }
}
