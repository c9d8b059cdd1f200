namespace FastKsm.Merging;

/// <summary>The settings of same-page merging, with Linux's defaults.</summary>
/// <remarks>Thread safety: written under the ksm mutex; each may be read at any time.</remarks>
internal sealed class MergeKnobs
{
    /// <summary>0 stopped, 1 scanning, 2 everything unmerged.</summary>
    internal int Run;

    /// <summary>Pages of a batch; 0 to 2^32 - 1.</summary>
    internal uint PagesToScan = 100;

    /// <summary>Pause between batches; the host of the machine decides what it means.</summary>
    internal uint SleepMilliseconds = 20;

    /// <summary>Whether frames of zero bytes give way to the zero frame.</summary>
    internal bool UseZeroPages;

    /// <summary>Whether pages that stay unmerged are visited less and less often.</summary>
    internal bool SmartScan = true;

    /// <summary>Items that a stable node takes by merging; at least 2.</summary>
    internal int MaxPageSharing = 256;

    /// <summary>Whether contents of different NUMA nodes merge with each other.</summary>
    internal bool MergeAcrossNodes = true;

    /// <summary>Least time between two looks at a whole chain.</summary>
    internal uint ChainsPruneMilliseconds = 2000;
}
