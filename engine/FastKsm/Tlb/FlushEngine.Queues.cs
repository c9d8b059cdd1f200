using FastKsm.Primitives;

namespace FastKsm.Tlb;

/// <content>Queues of gathers and batches, kept for the next one.</content>
internal sealed unsafe partial class FlushEngine
{
    private GatherQueue? _spareQueue;
    private FlushBatch? _spareBatch;
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

    /// <summary>A batch for the calling task, which owes nothing; <see cref="ReturnBatch"/> takes it back.</summary>
    /// <param name="kernelThread">Whether a kernel thread makes its flushes.</param>
    internal FlushBatch TakeBatch(bool kernelThread)
    {
        SpinLatch.Enter(ref _queueLatch, LockRank.FlushLog);
        FlushBatch? spare = _spareBatch;
        if (spare is not null)
        {
            _spareBatch = spare.Next;
            spare.Next = null;
        }

        SpinLatch.Exit(ref _queueLatch, LockRank.FlushLog);
        spare ??= new FlushBatch(this, kernelThread);
        spare.Begin(kernelThread);
        return spare;
    }

    /// <summary>Keeps a batch that owes nothing for the next task.</summary>
    internal void ReturnBatch(FlushBatch batch)
    {
        if (OracleSwitch.IsOn && batch.IsRequired)
        {
            Oracle?.BatchLeft();
        }

        SpinLatch.Enter(ref _queueLatch, LockRank.FlushLog);
        batch.Next = _spareBatch;
        _spareBatch = batch;
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
