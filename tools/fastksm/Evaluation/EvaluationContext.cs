using System;
using FastKsm.Cli.Host;
using FastKsm.Cli.LiveProcesses;
using FastKsm.Simd;

namespace FastKsm.Cli.Evaluation;

/// <summary>What the readers of one evaluation share: the host, the VMAs so far, the checksum of zeroes.</summary>
/// <remarks>
/// Thread safety: VMAs are added by the collecting thread before any batch that names them is handed over; the hand-over
/// orders that for the readers. The array they read is replaced, never changed, when it grows.
/// </remarks>
internal sealed class EvaluationContext : IDisposable
{
    private VmaInProcess[] _vmas = new VmaInProcess[1024];

    internal EvaluationContext(HostKsm host, ProcMount? mount = null)
    {
        Host = host;
        Mount = mount ?? ProcMount.Host;
        FrameNumbers = FrameNumbersProbe.Ask(Mount);
        KsmBit = Mount.KsmBit ?? KsmBitProbe.Ask();
        FrameFlags = new FrameFlags(Mount, KsmBit, FrameNumbers.AreVisible);
    }

    /// <summary>The <c>/proc</c> that is read.</summary>
    internal ProcMount Mount { get; }

    /// <summary>Whether frame numbers are visible, and why not.</summary>
    internal FrameNumbers FrameNumbers { get; }

    /// <summary>What the KSM bit of kpageflags is worth.</summary>
    internal KsmBit KsmBit { get; }

    /// <summary>Pages that may be KSM pages, where kpageflags does not tell.</summary>
    internal KsmCandidates KsmCandidates { get; } = new();

    /// <summary>The host's KSM.</summary>
    internal HostKsm Host { get; }

    /// <summary>What the host says about frames.</summary>
    internal FrameFlags FrameFlags { get; }

    /// <summary>Checksum of a page of zeroes.</summary>
    internal ulong ZeroChecksum { get; } = PageChecksum.Hash64(new byte[Environment.SystemPageSize]);

    /// <summary>Number of VMAs.</summary>
    internal int VmaCount { get; private set; }

    /// <summary>One VMA and its process.</summary>
    internal ref readonly VmaInProcess Vma(int index) => ref _vmas[index];

    /// <summary>Adds a VMA; those of a process one after the other.</summary>
    /// <returns>Its position.</returns>
    internal int Add(VmaInProcess vma)
    {
        if (VmaCount == _vmas.Length)
        {
            VmaInProcess[] larger = new VmaInProcess[_vmas.Length * 2];
            _vmas.CopyTo(larger, 0);
            _vmas = larger;
        }

        _vmas[VmaCount] = vma;
        return VmaCount++;
    }

    /// <summary>Whether KSM pages may be mapped there now, as far as can be told without asking for each frame.</summary>
    /// <remarks>
    /// KSM pages stay where they are when ksmd is stopped. Where smaps counts them (6.6 and later), it is believed, but
    /// for what a running ksmd may just have merged; where it does not, every marked VMA may hold some.
    /// </remarks>
    internal bool MayHoldKsmPages(int vma)
    {
        Vma observed = _vmas[vma].Vma;
        return observed.KsmBytes > 0
            || (observed.IsMarked && (Host.Run == 1 || (!observed.TellsKsm && Host.PagesShared != 0)));
    }

    /// <inheritdoc/>
    public void Dispose() => FrameFlags.Dispose();
}
