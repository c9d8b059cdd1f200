using System;
using Microsoft.Win32.SafeHandles;

namespace FastKsm.Cli.LiveProcesses;

/// <summary>What the host says about page frames (<c>/proc/kpageflags</c>); for the super-user only.</summary>
/// <remarks>Thread safety: all members may be called from any thread.</remarks>
internal sealed unsafe class FrameFlags : IDisposable
{
    /// <summary>The frame holds a KSM page; not on every kernel (see <see cref="LiveProcesses.KsmBit"/>).</summary>
    internal const int KsmBit = 21;

    /// <summary>PageAnonExclusive; kpageflags shows the page flag that it shares under its number.</summary>
    internal const int ExclusiveBit = 34;

    private const int HeadBit = 15;
    private const int TailBit = 16;
    private const int HugeBit = 22;
    private const int ZeroFrameBit = 24;
    private const int LockedBit = 33;

    private readonly SafeFileHandle? _file;
    private readonly ulong _mask;
    private readonly ulong _ksm;

    /// <param name="mount">The <c>/proc</c> that is read.</param>
    /// <param name="ksmBit">What its KSM bit is worth.</param>
    /// <param name="numbersAreVisible">Whether this user is shown frame numbers in pagemap.</param>
    internal FrameFlags(ProcMount mount, KsmBit ksmBit, bool numbersAreVisible)
    {
        _file = ProcFile.TryOpen(mount.Root + "/kpageflags", LinuxNative.OpenReadOnly, out _);
        NumbersAreVisible = numbersAreVisible;
        TellsKsm = ksmBit.State == KsmBitState.Right;

        // Where every anonymous page shows the bit, what a KSM page cannot be is left out: a part of a larger folio, or
        // a page that one process has for itself. What fork shares stays in; KsmCandidates sorts that out.
        _ksm = Mask(KsmBit);
        _mask = TellsKsm ? _ksm
            : _ksm | Mask(HeadBit) | Mask(TailBit) | (ksmBit.TellsExclusive ? Mask(ExclusiveBit) : 0);
    }

    /// <summary>Whether the host answers.</summary>
    internal bool IsAvailable => _file is not null;

    /// <summary>Whether this user is shown frame numbers in pagemap.</summary>
    internal bool NumbersAreVisible { get; }

    /// <summary>Whether <see cref="IsKsm"/> is the truth; else it is true of some other shared frames as well.</summary>
    internal bool TellsKsm { get; }

    /// <summary>Whether a frame holds a KSM page, or may hold one (see <see cref="TellsKsm"/>).</summary>
    internal bool IsKsm(ulong frame) => (Flags(frame) & _mask) == _ksm;

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

    /// <summary>Whether flags are those of a page that belongs to one process alone, on kernels that tell it.</summary>
    internal static bool IsExclusive(ulong flags) => Has(flags, ExclusiveBit);

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

    private static ulong Mask(int bit) => 1UL << bit;

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
