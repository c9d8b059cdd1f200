using System.Threading;
using FastKsm.Memory;

namespace FastKsm.AddressSpaces;

/// <summary>What an address space counts of its pages.</summary>
/// <remarks>Thread safety: all members may be called concurrently, but for those that say "alone".</remarks>
internal struct SpaceCounts
{
    private long _anonymous;
    private long _backed;
    private long _swapped;
    private long _mergerZero;

    // Of these, the ones that no PTE stands for: inherited.
    private long _mergerZeroUnmapped;

    /// <summary>Present anonymous pages, merged ones included (RssAnon).</summary>
    internal readonly long Anonymous => Volatile.Read(in _anonymous);

    /// <summary>Present pages of backing objects (RssFile and RssShmem).</summary>
    internal readonly long Backed => Volatile.Read(in _backed);

    /// <summary>Paged-out pages (VmSwap).</summary>
    internal readonly long Swapped => Volatile.Read(in _swapped);

    /// <summary>Zero frames that the merger placed and that are still mapped (ksm_zero_pages of the process).</summary>
    /// <remarks>A child also counts those of its parent that it did not inherit, for ever, as on Linux.</remarks>
    internal readonly long MergerZero => Volatile.Read(in _mergerZero);

    /// <summary>Of these, the ones that no PTE stands for.</summary>
    internal readonly long MergerZeroUnmapped => _mergerZeroUnmapped;

    /// <summary>Whether nothing is mapped.</summary>
    internal readonly bool IsEmpty => _anonymous == 0 && _backed == 0 && _swapped == 0;

    /// <summary>Resident pages more or less, by what their frame is now.</summary>
    internal void AddResident(in FrameRecord frame, int change)
    {
        if (frame.Has(FrameFlags.Anonymous))
        {
            AddAnonymous(change);
        }
        else
        {
            _ = Interlocked.Add(ref _backed, change);
        }
    }

    /// <summary>Anonymous pages more or less, among them those that are on their way to another frame.</summary>
    internal void AddAnonymous(long change) => Interlocked.Add(ref _anonymous, change);

    /// <summary>Pages of backing objects more or less.</summary>
    internal void AddBacked(long change) => Interlocked.Add(ref _backed, change);

    /// <summary>Paged-out pages more or less.</summary>
    internal void AddSwapped(long change) => Interlocked.Add(ref _swapped, change);

    /// <summary>Zero frames of the merger more or less.</summary>
    internal void AddMergerZero(long change) => Interlocked.Add(ref _mergerZero, change);

    /// <summary>A child takes its parent's count of the merger's zero frames over. Alone.</summary>
    /// <param name="parent">The parent's counts.</param>
    /// <returns>Those that fork has copied.</returns>
    internal long InheritMergerZero(in SpaceCounts parent)
    {
        long copied = _mergerZero;
        _mergerZero = parent.MergerZero;
        _mergerZeroUnmapped = _mergerZero - copied;
        return copied;
    }

    /// <summary>Forgets the merger's zero frames. Alone.</summary>
    /// <returns>How many there were.</returns>
    internal long ForgetMergerZero()
    {
        long forgotten = _mergerZero;
        (_mergerZero, _mergerZeroUnmapped) = (0, 0);
        return forgotten;
    }
}
