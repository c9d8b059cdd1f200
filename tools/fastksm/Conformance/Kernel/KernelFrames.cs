using System;
using FastKsm.Cli.LiveProcesses;
using Microsoft.Win32.SafeHandles;

namespace FastKsm.Cli.Conformance.Kernel;

/// <summary>What the kernel says about page frames: <c>/proc/kpageflags</c> and <c>/proc/kpagecount</c>.</summary>
/// <remarks>Thread safety: one thread at a time.</remarks>
internal sealed unsafe class KernelFrames : IDisposable
{
    private const int AnonymousBit = 12;
    private const int SwapCacheBit = 13;
    private const int KsmBit = 21;
    private const int HugeBit = 22;
    private const int ZeroFrameBit = 24;

    private readonly SafeFileHandle _flags = Open("/proc/kpageflags");
    private readonly SafeFileHandle _counts = Open("/proc/kpagecount");

    /// <summary>Flags of a frame.</summary>
    /// <param name="frame">Its number.</param>
    internal FrameState StateOf(ulong frame)
    {
        ulong flags = Read(_flags, frame);
        return new FrameState(
            IsAnonymous: Bit(flags, AnonymousBit),
            IsInSwapCache: Bit(flags, SwapCacheBit),
            IsKsm: Bit(flags, KsmBit),
            IsHuge: Bit(flags, HugeBit),
            IsZeroFrame: Bit(flags, ZeroFrameBit));
    }

    /// <summary>PTEs that map a frame.</summary>
    /// <param name="frame">Its number.</param>
    internal int MapCountOf(ulong frame) => (int)Read(_counts, frame);

    /// <inheritdoc/>
    public void Dispose()
    {
        _flags.Dispose();
        _counts.Dispose();
    }

    private static bool Bit(ulong flags, int bit) => ((flags >> bit) & 1) != 0;

    private static ulong Read(SafeFileHandle file, ulong frame)
    {
        ulong value = 0;
        return ProcFile.ReadAt(file, &value, sizeof(ulong), (long)frame * sizeof(ulong)) == sizeof(ulong) ? value : 0;
    }

    private static SafeFileHandle Open(string path) => ProcFile.TryOpen(path, LinuxNative.OpenReadOnly, out _)
        ?? throw new ToolException(ExitCode.NotPermitted, $"conform: cannot read {path}: run it as root.");
}
