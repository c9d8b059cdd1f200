using System;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Threading;

namespace FastKsm.Tlb;

/// <summary>What flushes have cost, counted as Linux does (<c>nr_tlb_*</c>), and more.</summary>
/// <remarks>
/// <see cref="Count"/> is the one definition of what an event counts: live counters and those of a replayed log are
/// both made by it. Thread safety: counting may be done concurrently; a copy is of a moment for each counter by itself.
/// </remarks>
internal struct TlbCounters
{
    /// <summary>Buckets of both histograms.</summary>
    internal const int Buckets = 16;

    /// <summary>Flush operations by a range or a whole address space.</summary>
    internal long RangeFlushes;

    /// <summary>Flush operations by a batch.</summary>
    internal long BatchFlushes;

    /// <summary>Flush operations of the kernel's own range.</summary>
    internal long KernelFlushes;

    /// <summary>
    /// <c>nr_tlb_remote_flush</c>: operations whose mask held another CPU, whether one was told or not.
    /// </summary>
    internal long NrTlbRemoteFlush;

    /// <summary><c>nr_tlb_remote_flush_received</c>: requests handled by CPUs that had not asked.</summary>
    internal long NrTlbRemoteFlushReceived;

    /// <summary><c>nr_tlb_local_flush_all</c>: full flushes by the handler of the CPU that asked.</summary>
    internal long NrTlbLocalFlushAll;

    /// <summary>
    /// <c>nr_tlb_local_flush_one</c>: single invalidations by that handler, and of the kernel's pages by any.
    /// </summary>
    internal long NrTlbLocalFlushOne;

    /// <summary>Requests to other CPUs.</summary>
    internal long Requests;

    /// <summary>Those that needed an interrupt.</summary>
    internal long IpiSent;

    /// <summary>Those that met another one in the queue, whose interrupt served both.</summary>
    internal long IpiCoalesced;

    /// <summary>Handlers that had nothing to do: of another address space, of the kernel's, or late.</summary>
    internal long FlushNoop;

    /// <summary>Handlers that found another address space loaded.</summary>
    internal long WrongCpu;

    /// <summary>Handlers that found the CPU lazy.</summary>
    internal long LeftLazy;

    /// <summary>Full flushes by handlers of CPUs that had not asked.</summary>
    internal long RemoteFlushAll;

    /// <summary>Single invalidations by these.</summary>
    internal long RemoteFlushOne;

    /// <summary>
    /// Handlers of CPUs that had not asked, and that removed a translation; of a full flush, that ended a slot in which
    /// any was.
    /// </summary>
    internal long ShootdownUseful;

    /// <summary>Times a CPU went on with an address space and flushed for it.</summary>
    internal long SwitchFlushes;

    /// <summary>Times it did not need to.</summary>
    internal long SwitchesKept;

    /// <summary>Extra flushes because a batch might owe one (R6).</summary>
    internal long BatchedPendingFlush;

    /// <summary>CPUs that were told to flush on entry instead of being interrupted.</summary>
    internal long EntryAsked;

    /// <summary>Flushes on entry.</summary>
    internal long EntryFlushes;

    /// <summary>Instructions that invalidate on all CPUs (INVLPGB, TLBI).</summary>
    internal long Broadcasts;

    /// <summary>Instructions that wait for these (TLBSYNC, DSB).</summary>
    internal long Syncs;

    /// <summary>TLBI for one CPU.</summary>
    internal long LocalInvalidations;

    /// <summary>First-level hits. Not of events.</summary>
    internal long Hits;

    /// <summary>Second-level hits. Not of events.</summary>
    internal long L2Hits;

    /// <summary>Walks of the page table. Not of events.</summary>
    internal long Misses;

    /// <summary>Operations by their strides: bucket 0 none, n from 2^(n-1) on; the last one all.</summary>
    internal Histogram StridesPerFlush;

    /// <summary>Operations by the other CPUs in their mask, likewise.</summary>
    internal Histogram MaskWidth;

    /// <summary>Counts an event.</summary>
    internal void Count(in FlushEvent happened)
    {
        switch (happened.Kind)
        {
            case FlushEventKind.RangeFlush:
                CountOperation(ref RangeFlushes, in happened);
                break;
            case FlushEventKind.BatchFlush:
                CountOperation(ref BatchFlushes, in happened);
                break;
            case FlushEventKind.KernelFlush:
                CountOperation(ref KernelFlushes, in happened);
                break;
            case FlushEventKind.Request:
                Add(ref Requests);
                Add(ref happened.Value != 0 ? ref IpiSent : ref IpiCoalesced);
                break;
            case FlushEventKind.Received:
                Add(ref NrTlbRemoteFlushReceived);
                break;
            case FlushEventKind.Handled:
                CountHandled(in happened);
                break;
            case FlushEventKind.Switch:
                Add(ref happened.Value != 0 ? ref SwitchFlushes : ref SwitchesKept);
                break;
            case FlushEventKind.EntryAsked:
                Add(ref EntryAsked);
                break;
            case FlushEventKind.EntryFlushed:
                Add(ref EntryFlushes);
                break;
            case FlushEventKind.PendingFound:
                Add(ref BatchedPendingFlush);
                break;
            case FlushEventKind.Broadcast:
                Add(ref Broadcasts, happened.Value);
                break;
            case FlushEventKind.Sync:
                Add(ref Syncs);
                break;
            case FlushEventKind.LocalInvalidation:
                Add(ref LocalInvalidations, happened.Value);
                break;
            default:
                break;
        }
    }

    /// <summary>Adds another CPU's.</summary>
    internal void Add(ref readonly TlbCounters other)
    {
        // All fields are longs, the histograms' too.
        Span<long> sums = Fields(ref this);
        ReadOnlySpan<long> added = Fields(ref Unsafe.AsRef(in other));
        for (int i = 0; i < sums.Length; i++)
        {
            sums[i] += Volatile.Read(in added[i]);
        }
    }

    private static Span<long> Fields(ref TlbCounters counters) =>
        System.Runtime.InteropServices.MemoryMarshal.CreateSpan(
            ref Unsafe.As<TlbCounters, long>(ref counters), Unsafe.SizeOf<TlbCounters>() / sizeof(long));

    private static void Add(ref long counter, long by = 1) => _ = Interlocked.Add(ref counter, by);

    private static int BucketOf(ulong value) => Math.Min(Buckets - 1, BitOperations.Log2((value << 1) | 1));

    private void CountOperation(ref long operations, in FlushEvent happened)
    {
        Add(ref operations);
        if (happened.Value != 0 || happened.Kind == FlushEventKind.KernelFlush)
        {
            Add(ref NrTlbRemoteFlush);
        }

        int strides = happened.Pages == ulong.MaxValue ? Buckets - 1 : BucketOf(happened.Pages >> happened.StrideShift);
        Add(ref StridesPerFlush[strides]);
        Add(ref MaskWidth[BucketOf((ulong)happened.Value)]);
    }

    private void CountHandled(in FlushEvent happened)
    {
        bool isLocal = happened.Cpu == happened.Initiator;
        long strides = (long)(happened.Pages >> happened.StrideShift);
        switch (happened.End)
        {
            case HandlerEnd.WrongCpu:
                Add(ref WrongCpu);
                Add(ref FlushNoop);
                break;
            case HandlerEnd.Nothing:
                Add(ref FlushNoop);
                break;
            case HandlerEnd.LeftLazy:
                Add(ref LeftLazy);
                break;
            case HandlerEnd.Range:
                Add(ref isLocal ? ref NrTlbLocalFlushOne : ref RemoteFlushOne, strides);
                break;
            case HandlerEnd.Full:
                Add(ref isLocal ? ref NrTlbLocalFlushAll : ref RemoteFlushAll);
                break;
            case HandlerEnd.KernelRange:
                Add(ref NrTlbLocalFlushOne, strides);
                break;
            case HandlerEnd.KernelAll:
            case HandlerEnd.Reloaded:
            case HandlerEnd.Broadcast:
            default:
                break;
        }

        if (!isLocal && happened.Value != 0)
        {
            Add(ref ShootdownUseful);
        }
    }

    /// <summary>Operations by size.</summary>
    [InlineArray(Buckets)]
    internal struct Histogram
    {
        private long _first;
    }
}
