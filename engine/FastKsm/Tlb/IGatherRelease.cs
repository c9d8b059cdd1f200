namespace FastKsm.Tlb;

/// <summary>Lets go of what a gather has held back until the flush.</summary>
internal interface IGatherRelease
{
    /// <summary>A frame that no CPU can reach any more.</summary>
    /// <param name="frame">The frame; of a huge one the first.</param>
    /// <param name="isHuge">Whether it stands for all frames of a huge one.</param>
    /// <param name="delayedRmap">Whether its map count has been kept, too.</param>
    void ReleaseFrame(Pfn frame, bool isHuge, bool delayedRmap);

    /// <summary>A page table through which no CPU walks any more; after all frames.</summary>
    void ReleaseTable(uint leaf);
}
