using System;
using Microsoft.Win32.SafeHandles;

namespace FastKsm.Cli.LiveProcesses;

/// <summary>What the host says about page frames (<c>/proc/kpageflags</c>); for the super-user only.</summary>
/// <remarks>Thread safety: all members may be called from any thread.</remarks>
internal sealed unsafe class FrameFlags : IDisposable
{
    private const int KsmBit = 21;
    private const int HugeBit = 22;
    private const int ZeroFrameBit = 24;

    private readonly SafeFileHandle? _file = ProcFile.TryOpen("/proc/kpageflags", LinuxNative.OpenReadOnly, out _);

    /// <summary>Whether the host answers.</summary>
    internal bool IsAvailable => _file is not null;

    /// <summary>Whether this user is shown frame numbers in pagemap.</summary>
    internal bool NumbersAreVisible { get; } = Probe();

    /// <summary>Whether a frame holds a KSM page.</summary>
    internal bool IsKsm(ulong frame) => Bit(frame, KsmBit);

    /// <summary>Whether a frame is part of a transparent huge page or another large folio.</summary>
    internal bool IsHuge(ulong frame) => Bit(frame, HugeBit);

    /// <summary>Whether a frame is the shared zero frame.</summary>
    internal bool IsZeroFrame(ulong frame) => Bit(frame, ZeroFrameBit);

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

    private bool Bit(ulong frame, int bit)
    {
        ulong flags;
        return _file is not null && frame != 0
            && ProcFile.ReadAt(_file, &flags, sizeof(ulong), (long)frame * sizeof(ulong)) == sizeof(ulong)
            && (flags >> bit & 1) != 0;
    }
}
