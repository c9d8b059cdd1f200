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

    /// <summary>Whether flags are those of the first frame of a large folio.</summary>
    internal static bool IsHead(ulong flags) => Has(flags, HeadBit);

    /// <summary>Whether flags are those of a further frame of a large folio.</summary>
    internal static bool IsTail(ulong flags) => Has(flags, TailBit);

    /// <summary>Reads the flags of frames that follow each other; 0 for those that the host does not show.</summary>
    internal void Read(ulong first, Span<ulong> flags)
    {
        flags.Clear();
        if (_file is not null)
        {
            fixed (ulong* into = flags)
            {
                _ = ProcFile.ReadAt(_file, into, (nuint)flags.Length * sizeof(ulong), (long)first * sizeof(ulong));
            }
        }
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
