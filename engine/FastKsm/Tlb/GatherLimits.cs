namespace FastKsm.Tlb;

/// <summary>How much a gather holds back before it must flush (Linux with 4 KiB pages).</summary>
internal static class GatherLimits
{
    /// <summary>Slots of the batch on the stack.</summary>
    internal const int StackSlots = 8;

    /// <summary>Slots of each batch page after it.</summary>
    internal const int PageSlots = 510;

    /// <summary>Batch pages.</summary>
    internal const int Pages = 10000 / PageSlots;

    /// <summary>Batch pages while mappings are counted that the flush must outlive (delayed rmap).</summary>
    internal const int PagesWhileDelayed = 1;

    /// <summary>
    /// Most frames: a batch asks for the next when one slot is left, so that a huge frame, which takes two, always
    /// fits.
    /// </summary>
    internal const int Frames = StackSlots - 1 + (Pages * (PageSlots - 1));

    /// <summary>Page tables.</summary>
    internal const int Tables = 509;
}
