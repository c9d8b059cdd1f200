using FastKsm.Swapping;

namespace FastKsm.Perf.Versus.Swap;

/// <summary>Folios that cost nothing, so that the tables alone are timed.</summary>
internal readonly struct PerfFolios : ISwapFolios
{
    public void AddReferences(Pfn head, int count)
    {
    }

    public void DropReferences(Pfn head, int count)
    {
    }

    public bool TryGet(Pfn head) => true;

    public bool TryLock(Pfn head) => false;

    public void Unlock(Pfn head)
    {
    }

    public bool IsUnderWriteback(Pfn head) => false;

    public bool IsMapped(Pfn head) => false;

    public void MarkDirty(Pfn head)
    {
    }
}
