using System;
using FastKsm.AddressSpaces;

namespace FastKsm;

/// <summary>
/// A process: an address space that CPUs run. What it does, it does on a CPU (<see cref="Cpu.Run"/>); here is what it
/// is.
/// </summary>
/// <remarks>
/// A handle of 16 bytes, equal to every other handle of the same process. Making and ending processes allocates nothing once as many
/// have lived at once. A handle of a process that has exited stays that: it never comes to mean another one. The default value is no
/// process. Addresses and lengths are in bytes. Thread safety: all members may be called concurrently, whatever CPUs do.
/// </remarks>
public readonly partial struct ModelProcess : IEquatable<ModelProcess>
{
    private readonly ProcessRecord? _record;
    private readonly uint _generation;

    internal ModelProcess(ProcessRecord record, uint generation)
    {
        _record = record;
        _generation = generation;
    }

    /// <summary>The machine whose process it is.</summary>
    /// <exception cref="InvalidOperationException">It is the default value.</exception>
    public Machine Machine => Record.Machine;

    /// <summary>CPU that runs it or ran it last, or on which it was forked; null before that.</summary>
    /// <exception cref="InvalidOperationException">It is the default value.</exception>
    public Cpu? Cpu => Record.LastCpu;

    /// <summary>Whether it has exited.</summary>
    /// <exception cref="InvalidOperationException">It is the default value.</exception>
    public bool HasExited => !Record.Lives(_generation);

    /// <summary>Mappings (<c>map_count</c>); 0 once it has exited.</summary>
    public int MapCount => SpaceOrNone?.Vmas.Count ?? 0;

    /// <summary>Bytes in mappings (VmSize); 0 once it has exited.</summary>
    public ulong MappedBytes => (SpaceOrNone?.Vmas.MappedPages ?? 0) << PageShift;

    /// <summary>Bytes in locked mappings (VmLck); 0 once it has exited.</summary>
    public ulong LockedBytes => (SpaceOrNone?.Vmas.LockedPages ?? 0) << PageShift;

    /// <summary>Present anonymous pages, merged ones included (RssAnon), in pages; 0 once it has exited.</summary>
    public long ResidentAnonymousPages => SpaceOrNone?.Counts.Anonymous ?? 0;

    /// <summary>Present pages of backing objects (RssFile and RssShmem), in pages; 0 once it has exited.</summary>
    public long ResidentBackedPages => SpaceOrNone?.Counts.Backed ?? 0;

    /// <summary>Paged-out pages (VmSwap), in pages; 0 once it has exited.</summary>
    public long SwappedPages => SpaceOrNone?.Counts.Swapped ?? 0;

    /// <summary>Whether every compatible mapping is a candidate for merging (PR_GET_MEMORY_MERGE).</summary>
    public bool MergesAnything => SpaceOrNone?.MergeAny ?? false;

    /// <summary>
    /// Id of its address space: <c>mm</c> in events. A new program has a new one. 0 once it has exited.
    /// </summary>
    public long AddressSpaceId => SpaceOrNone?.Id ?? 0;

    /// <summary>What merging has to do with the process (/proc/PID/ksm_stat).</summary>
    /// <exception cref="InvalidOperationException">The process has exited.</exception>
    public KsmStat KsmStat
    {
        get
        {
            using SpaceUse use = Use();
            (long items, long merging) = Machine.Merger.CountsOf(use.Space.Id);
            return new KsmStat
            {
                RmapItems = items,
                ZeroPages = use.Space.Counts.MergerZero,
                MergingPages = merging,
                ProcessProfit = Ksm.Profit(merging + use.Space.Counts.MergerZero, items, Machine.Options.PageSize),
                MergeAny = use.Space.MergeAny,
                Mergeable = PageMerge.HasMergeable(use.Space),
            };
        }
    }

    /// <summary>Its address space; for tests, and for a machine at rest.</summary>
    internal AddressSpace Space => SpaceOrNone ?? throw HasExitedException();

    /// <summary>Its record.</summary>
    /// <exception cref="InvalidOperationException">It is the default value.</exception>
    internal ProcessRecord Record =>
        _record ?? throw new InvalidOperationException("The value is no process: it comes from no machine.");

    /// <summary>Tells it from others that its record has stood for.</summary>
    internal uint Generation => _generation;

    private int PageShift => Record.Machine.Options.PageShift;

    // Of a process that exits meanwhile, figures may be anything that they were a moment ago, or those of its successor.
    private AddressSpace? SpaceOrNone => Record.Lives(_generation) ? Record.Space : null;

    /// <summary>Whether two handles name the same process.</summary>
    public static bool operator ==(ModelProcess left, ModelProcess right) => left.Equals(right);

    /// <summary>Whether two handles name different processes.</summary>
    public static bool operator !=(ModelProcess left, ModelProcess right) => !left.Equals(right);

    /// <inheritdoc/>
    public bool Equals(ModelProcess other) => _record == other._record && _generation == other._generation;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ModelProcess other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_record, _generation);

    /// <summary>Whether it is what a record stands for in a generation.</summary>
    internal bool IsOf(ProcessRecord? record, uint generation) => _record == record && _generation == generation && record is not null;

    /// <summary>What a call about a process that has exited throws.</summary>
    internal static InvalidOperationException HasExitedException() => new("The process has exited.");

    /// <summary>Becomes a user of its address space for the length of a call.</summary>
    /// <exception cref="InvalidOperationException">The process has exited.</exception>
    /// <exception cref="ObjectDisposedException">The machine has been disposed.</exception>
    internal SpaceUse Use()
    {
        ProcessRecord record = Record;
        record.Machine.ThrowIfDisposed();
        return record.TryUseSpace(_generation, out AddressSpace space)
            ? new SpaceUse(space, record.LastCpu?.Number ?? 0)
            : throw HasExitedException();
    }
}
