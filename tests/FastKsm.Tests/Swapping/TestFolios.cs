using System.Collections.Concurrent;
using System.Threading;
using FastKsm.Swapping;

namespace FastKsm.Tests.Swapping;

/// <summary>Folios as tests want them: a reference count, a lock and three marks for each frame.</summary>
internal readonly struct TestFolios : ISwapFolios
{
    private readonly int[] _references;
    private readonly int[] _locked;

    internal TestFolios(int frames)
    {
        _references = new int[frames + 1];
        _locked = new int[frames + 1];
        Mapped = new bool[frames + 1];
        UnderWriteback = new bool[frames + 1];
    }

    /// <summary>By frame number.</summary>
    internal bool[] Mapped { get; }

    /// <summary>By frame number.</summary>
    internal bool[] UnderWriteback { get; }

    /// <summary>Folios that reclaim has taken from the swap cache, in order; taken out by the test.</summary>
    internal ConcurrentQueue<Pfn> Dropped { get; } = new();

    internal int References(Pfn head) => Volatile.Read(ref _references[head.Number]);

    public void AddReferences(Pfn head, int count) => Interlocked.Add(ref _references[head.Number], count);

    public void DropReferences(Pfn head, int count) => Interlocked.Add(ref _references[head.Number], -count);

    public bool TryGet(Pfn head)
    {
        int seen = References(head);
        while (seen > 0)
        {
            int before = Interlocked.CompareExchange(ref _references[head.Number], seen + 1, seen);
            if (before == seen)
            {
                return true;
            }

            seen = before;
        }

        return false;
    }

    public bool TryLock(Pfn head) => Interlocked.CompareExchange(ref _locked[head.Number], 1, 0) == 0;

    public void Unlock(Pfn head) => Volatile.Write(ref _locked[head.Number], 0);

    public bool IsUnderWriteback(Pfn head) => UnderWriteback[head.Number];

    public bool IsMapped(Pfn head) => Mapped[head.Number];

    public void MarkDirty(Pfn head) => Dropped.Enqueue(head);
}
