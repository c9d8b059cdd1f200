using System.Collections.Generic;

namespace FastKsm.Cli.LiveProcesses;

/// <summary>Tells processes that use one address space, so that it is read once.</summary>
/// <remarks>
/// <para>
/// Several ids can name one address space: a process and its threads, a child of vfork that has not called exec yet, and
/// clone(CLONE_VM). Only processes with the same <see cref="ProcessStat.Layout"/> come into question; among those kcmp(2)
/// gives an order, so each new one is placed by binary search. Where kcmp is not permitted or not there (a container's
/// filter, another pid namespace's ids), <see cref="AddressSpaceComparison"/> looks at the pages.
/// </para>
/// <para>Thread safety: one thread at a time.</para>
/// </remarks>
internal sealed class AddressSpaceIndex
{
    private readonly ProcMount _mount;
    private readonly bool _isOrdered;
    private readonly Dictionary<(ulong, ulong, ulong), List<LiveProcess>> _byLayout = [];

    internal AddressSpaceIndex(ProcMount mount)
    {
        _mount = mount;
        _isOrdered = mount.IsOwnNamespace && IsComparable(mount.OwnPid);
    }

    /// <summary>The process of those seen before that uses the same address space; null, and remembered, if there is none.</summary>
    internal LiveProcess? FindSame(LiveProcess process)
    {
        if (!_byLayout.TryGetValue(process.Stat.Layout, out List<LiveProcess>? seen))
        {
            _byLayout.Add(process.Stat.Layout, [process]);
            return null;
        }

        return _isOrdered
            ? FindByOrder(seen, process)
            : FindByPages(seen, process);
    }

    private static bool IsComparable(int id) => LinuxNative.Compare(id, id, LinuxNative.CompareAddressSpaces) == 0;

    private LiveProcess? FindByOrder(List<LiveProcess> seen, LiveProcess process)
    {
        int low = 0;
        int high = seen.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            CallWatch.Begin();
            int order = LinuxNative.Compare(process.CallId, seen[middle].CallId, LinuxNative.CompareAddressSpaces);
            CallWatch.End();
            switch (order)
            {
                case 0 when IsUnchanged(seen[middle]):
                    return seen[middle];
                case 1:
                    high = middle;
                    break;
                case > 1:
                    low = middle + 1;
                    break;
                default:
                    if (!IsComparable(process.CallId))
                    {
                        return null; // It is this one that has ended.
                    }

                    seen.RemoveAt(middle); // It has ended: nothing is known of its place any more.
                    high--;
                    break;
            }
        }

        seen.Insert(low, process);
        return null;
    }

    private LiveProcess? FindByPages(List<LiveProcess> seen, LiveProcess process)
    {
        foreach (LiveProcess other in seen)
        {
            if (AddressSpaceComparison.AreSame(_mount, process, other))
            {
                return other;
            }
        }

        seen.Add(process);
        return null;
    }

    // The id may have been given to another process since.
    private bool IsUnchanged(LiveProcess process) =>
        ProcFile.TryReadText(_mount.PathOf(process.Pid) + "/stat") is { } text
        && ProcessStat.TryParse(text, out ProcessStat stat)
        && stat.StartTime == process.Stat.StartTime;
}
