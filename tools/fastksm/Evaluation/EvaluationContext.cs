using System;
using System.Collections.Generic;
using FastKsm.Cli.Evaluation.Inspection;
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
    private readonly FolioReader _folios;
    private HugePageSplits? _splits;

    /// <param name="host">The host's KSM.</param>
    /// <param name="nodes">Which nodes are kept apart; null for none.</param>
    /// <param name="splits">What becomes of zeroes in huge pages; null for what a trial on the host shows.</param>
    /// <param name="folioOf">Tells a frame's folio; null for what the host says.</param>
    /// <param name="mount">The <c>/proc</c> to read; null for the host's.</param>
    internal EvaluationContext(
        HostKsm host,
        NodesOfPages? nodes = null,
        HugePageSplits? splits = null,
        Func<ulong, (ulong First, ulong Count)>? folioOf = null,
        ProcMount? mount = null)
    {
        Host = host;
        Mount = mount ?? ProcMount.Host;
        FrameNumbers = FrameNumbersProbe.Ask(Mount);
        KsmBit = Mount.KsmBit ?? KsmBitProbe.Ask();
        FrameFlags = new FrameFlags(Mount, KsmBit, FrameNumbers.AreVisible);
        Nodes = nodes ?? new NodesOfPages(apart: false);
        _splits = splits;
        _folios = new FolioReader(FrameFlags);
        TellsFolios = folioOf is not null || FrameFlags is { IsAvailable: true, NumbersAreVisible: true };
        FolioOf = folioOf ?? FolioOnHost;
    }

    /// <summary>The <c>/proc</c> that is read.</summary>
    internal ProcMount Mount { get; }

    /// <summary>Whether frame numbers are visible, and why not.</summary>
    internal FrameNumbers FrameNumbers { get; }

    /// <summary>What the KSM bit of kpageflags is worth.</summary>
    internal KsmBit KsmBit { get; }

    /// <summary>Folios smaller than huge pages that this host gives.</summary>
    internal FolioSizes FolioSizes { get; } = FolioSizes.Read();

    /// <summary>Pages that may be KSM pages, where kpageflags does not tell.</summary>
    internal KsmCandidates KsmCandidates { get; } = new();

    /// <summary>The host's KSM.</summary>
    internal HostKsm Host { get; }

    /// <summary>Order of the pages' contents.</summary>
    internal OrderKeyTable OrderKeys { get; } = new();

    /// <summary>Further ways in which contents are looked at; mostly none.</summary>
    internal IReadOnlyList<IInspection> Inspections { get; set; } = [];

    /// <summary>On which nodes the pages lie, where that decides what merges.</summary>
    internal NodesOfPages Nodes { get; }

    /// <summary>Whether pages of zeroes go when their huge page is taken apart; asked of the host when it first matters.</summary>
    internal HugePageSplits Splits => _splits ??= HugePageSplits.Probe(Host);

    /// <summary>What <see cref="Splits"/> has found; null where it did not matter.</summary>
    internal HugePageSplits? SplitsIfAsked => _splits;

    /// <summary>Whether the bounds of folios are known, not only which pages of zeroes are in huge pages.</summary>
    internal bool TellsFolios { get; }

    /// <summary>The folio of a frame, as its first frame and its number of frames.</summary>
    internal Func<ulong, (ulong First, ulong Count)> FolioOf { get; }

    /// <summary>What the host says about frames.</summary>
    internal FrameFlags FrameFlags { get; }

    /// <summary>Checksum of a page of zeroes.</summary>
    internal ulong ZeroChecksum { get; } = PageChecksum.Hash64(new byte[Environment.SystemPageSize]);

    /// <summary>Number of VMAs.</summary>
    internal int VmaCount { get; private set; }

    /// <summary>Whether a content is that of a page of zeroes, on whichever node.</summary>
    internal bool IsZeroContent(ulong checksum) => Nodes.IsAnyOf(checksum, ZeroChecksum);

    /// <summary>Makes room for what is noted of each page beside its record.</summary>
    /// <param name="count">Number of pages so far.</param>
    internal void Reserve(int count)
    {
        OrderKeys.Reserve(count);
        foreach (IInspection inspection in Inspections)
        {
            inspection.Reserve(count);
        }
    }

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

    // Where frame numbers are hidden, the pages of a huge page have identities that follow each other as its frames do.
    private (ulong First, ulong Count) FolioOnHost(ulong frame)
    {
        const ulong HugePageBytes = 2 << 20;
        ulong pages = Math.Max(HugePageBytes / (ulong)Environment.SystemPageSize, 1);
        return TellsFolios
            ? _folios.Of(frame)
            : (frame & ~(pages - 1), pages);
    }

    /// <inheritdoc/>
    public void Dispose() => FrameFlags.Dispose();
}
