using System;
using FastKsm.Cli.LiveProcesses;
using Microsoft.Win32.SafeHandles;

namespace FastKsm.Cli.Host;

/// <summary>Asks what the KSM bit of <c>/proc/kpageflags</c> is worth, of a page that certainly is no KSM page.</summary>
internal static unsafe class KsmBitProbe
{
    private static readonly Lazy<KsmBit> s_answer = new(Probe);

    /// <summary>The finding; probed once.</summary>
    internal static KsmBit Ask() => s_answer.Value;

    private static KsmBit Probe()
    {
        nuint length = (nuint)Environment.SystemPageSize;
        nint page = LinuxNative.mmap(
            0, length, LinuxNative.ProtectReadWrite, LinuxNative.MapPrivateAnonymousNoReserve, -1, 0);
        if (page == -1)
        {
            return new KsmBit(KsmBitState.Unreadable, TellsExclusive: false);
        }

        // Random bytes: no other page equals it, so ksmd cannot have merged it even where it merges everything.
        Random.Shared.NextBytes(new Span<byte>((void*)page, (int)length));
        ulong flags = FlagsOf((ulong)page);
        _ = LinuxNative.munmap(page, length);
        return flags == 0
            ? new KsmBit(KsmBitState.Unreadable, TellsExclusive: false)
            : new KsmBit(
                Has(flags, FrameFlags.KsmBit) ? KsmBitState.ShownByAll : KsmBitState.Right,
                TellsExclusive: Has(flags, FrameFlags.ExclusiveBit));
    }

    private static bool Has(ulong flags, int bit) => (flags >> bit & 1) != 0;

    // 0 where it cannot be asked: a page that is mapped has at least one flag.
    private static ulong FlagsOf(ulong address)
    {
        using SafeFileHandle? pagemap = ProcFile.TryOpen("/proc/self/pagemap", LinuxNative.OpenReadOnly, out _);
        using SafeFileHandle? kpageflags = ProcFile.TryOpen("/proc/kpageflags", LinuxNative.OpenReadOnly, out _);
        PagemapEntry entry = default;
        ulong flags = 0;
        long offset = (long)(address / (ulong)Environment.SystemPageSize * sizeof(ulong));
        return pagemap is not null && kpageflags is not null
            && ProcFile.ReadAt(pagemap, &entry, sizeof(ulong), offset) == sizeof(ulong)
            && entry.Frame != 0
            && ProcFile.ReadAt(kpageflags, &flags, sizeof(ulong), (long)entry.Frame * sizeof(ulong)) == sizeof(ulong)
            ? flags
            : 0;
    }
}
