using FastKsm.Primitives;

namespace FastKsm.Tlb;

/// <content>Queues of gathers, kept for the next one.</content>
internal sealed unsafe partial class FlushEngine
{
    private GatherQueue? _spareQueue;
    private int _queueLatch;

    /// <summary>A spare queue, or a new one; null when the host has no memory.</summary>
    internal GatherQueue? TakeQueue()
    {
        SpinLatch.Enter(ref _queueLatch, LockRank.FlushLog);
        GatherQueue? spare = _spareQueue;
        if (spare is not null)
        {
            _spareQueue = spare.Next;
            spare.Next = null;
        }

        SpinLatch.Exit(ref _queueLatch, LockRank.FlushLog);
        return spare ?? GatherQueue.TryMake(_faults);
    }

    /// <summary>Keeps a queue for the next gather.</summary>
    internal void ReturnQueue(GatherQueue queue)
    {
        SpinLatch.Enter(ref _queueLatch, LockRank.FlushLog);
        queue.Next = _spareQueue;
        _spareQueue = queue;
        SpinLatch.Exit(ref _queueLatch, LockRank.FlushLog);
    }

    private void DisposeQueues()
    {
        for (GatherQueue? queue = _spareQueue; queue is not null; queue = queue.Next)
        {
            queue.Dispose();
        }

        _spareQueue = null;
    }
}
