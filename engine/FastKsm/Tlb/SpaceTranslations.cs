using System;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading;

namespace FastKsm.Tlb;

/// <summary>
/// What CPUs have to know of an address space to keep their translations of it true (Linux: its mm context).
/// </summary>
/// <remarks>
/// The mask holds every CPU that may hold translations. A CPU sets its bit when it switches to the address space,
/// before it reads the generation; it stays when the CPU switches away, and the CPU's own handler clears it when a
/// request meets another address space. Thread safety: all members may be called concurrently, but for <see
/// cref="Begin"/>.
/// </remarks>
internal sealed class SpaceTranslations
{
    private const int WordBits = 64;
    private const int BatchedBits = 15;
    private const int BatchedMask = (1 << BatchedBits) - 1;
    private const int FlushedShift = 16;

    private readonly TimeProvider _time;
    private readonly int _words;
    private ulong _contextId;
    private ulong _generation = 1;
    private ulong _firstCpus;
    private ulong[]? _moreCpus;
    private int _flushPending;
    private int _batched;
    private long _nextTrim;
    private int _globalAsid;
    private int _inTransition;

    /// <summary>Makes one that no CPU has seen; <see cref="Begin"/> follows.</summary>
    /// <param name="engine">The machine's flushes.</param>
    internal SpaceTranslations(FlushEngine engine)
    {
        _time = engine.Options.Time;
        _words = (engine.CpuCount + WordBits - 1) / WordBits;
    }

    /// <summary>Unique, never used again; 0 before the first <see cref="Begin"/>.</summary>
    internal ulong ContextId => Volatile.Read(ref _contextId);

    /// <summary>Changes so far that CPUs must follow, and one (<c>tlb_gen</c>).</summary>
    internal ulong Generation => Volatile.Read(ref _generation);

    /// <summary>
    /// Gathers under way (<c>tlb_flush_pending</c>): an entry that seems to forbid may still be used by CPUs.
    /// </summary>
    internal int FlushPending => Volatile.Read(ref _flushPending);

    /// <summary>Words of the mask.</summary>
    internal int MaskWords => _words;

    /// <summary>Unmappings by batches since the pair was reset, modulo 2^15.</summary>
    internal int BatchedPending => Volatile.Read(ref _batched) & BatchedMask;

    /// <summary>Those of them known to have been flushed.</summary>
    internal int BatchedFlushed => (Volatile.Read(ref _batched) >> FlushedShift) & BatchedMask;

    /// <summary>An id under which all CPUs know the address space (INVLPGB); 0 for none.</summary>
    internal int GlobalAsid => Volatile.Read(ref _globalAsid);

    /// <summary>Whether a CPU may still know it under another id than the global one.</summary>
    internal bool IsInTransition => Volatile.Read(ref _inTransition) != 0;

    /// <summary>
    /// Serves another address space from here on. No CPU runs the old one, and no flush of it is under way.
    /// </summary>
    /// <param name="contextId">An id that no other address space of the machine has had; from 1, below 2^63.</param>
    internal void Begin(ulong contextId)
    {
        Debug.Assert(contextId is not 0 and < 1UL << 63, "Context id out of range.");
        Debug.Assert(_flushPending == 0, "A gather of the old address space is under way.");

        // CPUs that still hold translations of the old one hold them under the old id, which no switch looks for again.
        Volatile.Write(ref _contextId, contextId);
        _generation = 1;
        _firstCpus = 0;
        _moreCpus?.AsSpan().Clear();
        _batched = 0;
        _nextTrim = _time.GetTimestamp() + _time.TimestampFrequency;
        _globalAsid = 0;
        _inTransition = 0;
    }

    /// <summary>Raises the generation, with a full fence.</summary>
    /// <returns>The new one.</returns>
    internal ulong NextGeneration() => Interlocked.Increment(ref _generation);

    /// <summary>A word of the mask.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ulong MaskWord(int word)
    {
        if (word == 0)
        {
            return Volatile.Read(ref _firstCpus);
        }

        ulong[]? more = Volatile.Read(ref _moreCpus);
        return more is null ? 0 : Volatile.Read(ref more[word - 1]);
    }

    /// <summary>Whether the mask holds a CPU.</summary>
    internal bool HasCpu(int cpu) => (MaskWord(cpu / WordBits) >> (cpu % WordBits) & 1) != 0;

    /// <summary>Whether the mask holds another CPU than this.</summary>
    internal bool HasOtherCpu(int cpu)
    {
        for (int word = 0; word < _words; word++)
        {
            ulong mine = word == cpu / WordBits ? 1UL << (cpu % WordBits) : 0;
            if ((MaskWord(word) & ~mine) != 0)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The CPUs in the mask at this moment.</summary>
    /// <param name="mask">Receives them; <see cref="MaskWords"/> long.</param>
    internal void CopyMask(Span<ulong> mask)
    {
        for (int word = 0; word < mask.Length; word++)
        {
            mask[word] = MaskWord(word);
        }
    }

    /// <summary>Takes a CPU into the mask, with a full fence.</summary>
    internal void SetCpu(int cpu)
    {
        ulong bit = 1UL << (cpu % WordBits);
        ref ulong word = ref WordOf(cpu);
        if ((Volatile.Read(ref word) & bit) != 0)
        {
            Interlocked.MemoryBarrier();
        }
        else
        {
            _ = Interlocked.Or(ref word, bit);
        }
    }

    /// <summary>Takes a CPU out of the mask.</summary>
    internal void ClearCpu(int cpu) => _ = Interlocked.And(ref WordOf(cpu), ~(1UL << (cpu % WordBits)));

    /// <summary>
    /// A gather begins: from here on, with a full fence, others see that entries may still be in use.
    /// </summary>
    internal void BeginGather() => _ = Interlocked.Increment(ref _flushPending);

    /// <summary>A gather has flushed.</summary>
    internal void EndGather()
    {
        int left = Interlocked.Decrement(ref _flushPending);
        Debug.Assert(left >= 0, "More gathers ended than begun.");
    }

    /// <summary>R2: a batch owes a flush for one more page of this address space. With a full fence.</summary>
    /// <returns>For <see cref="MarkFlushed"/>.</returns>
    internal int AddBatched()
    {
        int seen = Volatile.Read(ref _batched);
        while (true)
        {
            // Long before a count could wrap and look like the other, the pair starts again.
            int next = (seen & BatchedMask) > BatchedMask / 2 ? 1 : seen + 1;
            int found = Interlocked.CompareExchange(ref _batched, next, seen);
            if (found == seen)
            {
                return next;
            }

            seen = found;
        }
    }

    /// <summary>
    /// A fork copies what batches owe to its parent along with all else, so that the child flushes once for nothing, as on
    /// Linux.
    /// </summary>
    internal void InheritBatched(SpaceTranslations parent) => _batched = Volatile.Read(ref parent._batched);

    /// <summary>R6: whether a batch may owe a flush.</summary>
    /// <param name="seen">For <see cref="MarkFlushed"/>.</param>
    internal bool OwesBatched(out int seen)
    {
        seen = Volatile.Read(ref _batched);
        return (seen & BatchedMask) != ((seen >> FlushedShift) & BatchedMask);
    }

    /// <summary>
    /// All of the address space has been flushed since the pair was seen; another one has since come if it has changed.
    /// </summary>
    internal void MarkFlushed(int seen)
    {
        int pending = seen & BatchedMask;
        _ = Interlocked.CompareExchange(ref _batched, pending | (pending << FlushedShift), seen);
    }

    /// <summary>Whether a flush may trim the mask now, which it does at most once a second.</summary>
    internal bool TryTrim()
    {
        long next = Volatile.Read(ref _nextTrim);
        long now = _time.GetTimestamp();
        return now - next > 0
            && Interlocked.CompareExchange(ref _nextTrim, now + _time.TimestampFrequency, next) == next;
    }

    /// <summary>All CPUs are to know it under one id.</summary>
    internal void GiveGlobalAsid(int asid)
    {
        Volatile.Write(ref _inTransition, 1);
        Volatile.Write(ref _globalAsid, asid);
    }

    /// <summary>All CPUs do.</summary>
    internal void EndTransition() => Volatile.Write(ref _inTransition, 0);

    private ref ulong WordOf(int cpu)
    {
        int word = cpu / WordBits;
        if (word == 0)
        {
            return ref _firstCpus;
        }

        ulong[]? more = Volatile.Read(ref _moreCpus);
        if (more is null)
        {
            // Once in the life of this object, and never for machines of up to 64 CPUs. It does not grow again, so that
            // a bit set by one CPU cannot be lost in another one's copy.
            ulong[] made = new ulong[_words - 1];
            more = Interlocked.CompareExchange(ref _moreCpus, made, null) ?? made;
        }

        return ref more[word - 1];
    }
}
