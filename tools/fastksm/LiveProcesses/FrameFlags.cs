using System;
using Microsoft.Win32.SafeHandles;

namespace FastKsm.Cli.LiveProcesses;

/// <summary>What the host says about page frames (<c>/proc/kpageflags</c>); for the super-user only.</summary>
/// <remarks>Thread safety: all members may be called from any thread.</remarks>
internal sealed unsafe class FrameFlags : IDisposable
{
    private const int KsmBit = 21;
    private const int HeadBit = 15;
    private const int TailBit = 16;
    private const int HugeBit = 22;
    private const int ZeroFrameBit = 24;
    private const int LockedBit = 33;
    private const ulong LargestFolio = 1UL << 13;

    private readonly SafeFileHandle? _file = ProcFile.TryOpen("/proc/kpageflags", LinuxNative.OpenReadOnly, out _);

    /// <summary>Whether the host answers.</summary>
    internal bool IsAvailable => _file is not null;

    /// <summary>Whether this user is shown frame numbers in pagemap.</summary>
    internal bool NumbersAreVisible { get; } = Probe();

    /// <summary>Whether a frame holds a KSM page.</summary>
    internal bool IsKsm(ulong frame) => Has(Flags(frame), KsmBit);

    /// <summary>Whether a frame is part of a transparent huge page or another large folio.</summary>
    internal bool IsHuge(ulong frame) => Has(Flags(frame), HugeBit);

    /// <summary>Whether a frame is the shared zero frame.</summary>
    internal bool IsZeroFrame(ulong frame) => Has(Flags(frame), ZeroFrameBit);

    /// <summary>Whether a frame is locked into memory (mlock), which fork does not hand on but its frame keeps.</summary>
    internal bool IsLocked(ulong frame) => Has(Flags(frame), LockedBit);

    /// <summary>The folio that a frame is part of, as its first frame and its number of frames.</summary>
    /// <returns>Just the frame where it is a page of its own, or where the host does not answer.</returns>
    internal (ulong First, ulong Count) Folio(ulong frame)
    {
        ulong first = frame;
        while (first > 0 && frame - first < LargestFolio && Has(Flags(first), TailBit))
        {
            first--;
        }

        if (!Has(Flags(first), HeadBit))
        {
            return (frame, 1);
        }

        ulong count = 1;
        while (count < LargestFolio && Has(Flags(first + count), TailBit))
        {
            count++;
        }

        return (first, count);
    }

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();

    // Asked of a page that certainly is there: the one this local lies on.
    private static bool Probe()
    {
        using SafeFileHandle? pagemap = ProcFile.TryOpen("/proc/self/pagemap", LinuxNative.OpenReadOnly, out _);
        PagemapEntry entry = default;
        long offset = (long)((ulong)&entry / (ulong)Environment.SystemPageSize * sizeof(ulong));
        return pagemap is not null
            && ProcFile.ReadAt(pagemap, &entry, sizeof(ulong), offset) == sizeof(ulong)
            && entry.Frame != 0;
    }

    private static bool Has(ulong flags, int bit) => (flags >> bit & 1) != 0;

    private ulong Flags(ulong frame)
    {
        ulong flags;
        return _file is not null && frame != 0
            && ProcFile.ReadAt(_file, &flags, sizeof(ulong), (long)frame * sizeof(ulong)) == sizeof(ulong)
            ? flags
            : 0;
    }
}
