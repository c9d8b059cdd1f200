using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading;

namespace FastKsm.Memory;

/// <summary>What the machine knows about one frame: 24 bytes.</summary>
/// <remarks>
/// Layout: <c>[0] index word: bits 0..39 linear page index, 40..63 flags  [8] references  [12] map count
/// [16] mapping id (while free: next free frame)  [20] pins</c>.
/// Thread safety: the three counts and the flags change atomically. Index and mapping id are written by whoever has the
/// frame to himself (just allocated, or proven sole owner under the leaf latch of its only PTE).
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct FrameRecord
{
    /// <summary>Bits of the index word that hold the linear page index.</summary>
    internal const ulong IndexMask = (1UL << 40) - 1;

    private ulong _indexAndFlags;
    private int _references;
    private int _mapCount;
    private uint _mapping;
    private int _pins;

    /// <summary>References: mappings, pins, plain references and caches.</summary>
    internal readonly int References => Volatile.Read(in _references);

    /// <summary>Present PTEs that map the frame.</summary>
    internal readonly int MapCount => Volatile.Read(in _mapCount);

    /// <summary>Pins among the references: borrowers that read or write the content at any time.</summary>
    internal readonly int Pins => Volatile.Read(in _pins);

    /// <summary>anon_vma, stable node or backing object, as the flags say; 0 is none.</summary>
    internal uint Mapping
    {
        readonly get => Volatile.Read(in _mapping);
        set => Volatile.Write(ref _mapping, value);
    }

    /// <summary>Linear page index, in pages.</summary>
    internal readonly ulong Index => Volatile.Read(in _indexAndFlags) & IndexMask;

    /// <summary>State bits.</summary>
    internal readonly FrameFlags Flags => (FrameFlags)(Volatile.Read(in _indexAndFlags) & ~IndexMask);

    /// <summary>Whether all of these bits are set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly bool Has(FrameFlags flags) => (Flags & flags) == flags;

    /// <summary>Sets bits.</summary>
    internal void Set(FrameFlags flags) => Interlocked.Or(ref _indexAndFlags, (ulong)flags);

    /// <summary>Clears bits.</summary>
    internal void Clear(FrameFlags flags) => Interlocked.And(ref _indexAndFlags, ~(ulong)flags);

    /// <summary>Takes the frame lock if it is free. For a frame that the caller has a reference to.</summary>
    internal bool TryLock() => (Interlocked.Or(ref _indexAndFlags, (ulong)FrameFlags.Locked) & (ulong)FrameFlags.Locked) == 0;

    /// <summary>Gives the frame lock back.</summary>
    internal void Unlock() => Clear(FrameFlags.Locked);

    /// <summary>Gives a frame that only the caller can see its whole state.</summary>
    internal void Become(FrameFlags flags, uint mapping, ulong index)
    {
        _mapping = mapping;
        Volatile.Write(ref _indexAndFlags, (ulong)flags | index);
    }

    /// <summary>References of a frame that left the allocator: the taker's first, or none for the later frames of a huge page.</summary>
    internal void Birth(FrameFlags flags, int references = 1)
    {
        _references = references;
        _mapCount = 0;
        _pins = 0;
        Become(flags, 0, 0);
    }

    /// <summary>
    /// A frame of a huge page that is taken apart stands for itself from now on. It had no reference, or they are
    /// frozen.
    /// </summary>
    internal void BecomeSingle(int references)
    {
        // In this order: whoever gets a reference sees that it is the frame's own.
        Clear(FrameFlags.Huge);
        Volatile.Write(ref _references, references);
    }

    /// <summary>
    /// The count of pins as a plain number. For the later frames of a huge page, whose pins stand in the first one.
    /// </summary>
    /// <remarks>
    /// Their references stay 0: a reference to be had by the frame's number alone (<see cref="TryAddReference"/>) must
    /// fail.
    /// </remarks>
    [UnscopedRef]
    internal ref int Number => ref _pins;

    /// <summary>
    /// Makes all references, whose holders are known to the caller, ones that nobody can add to. Some are given anew
    /// afterwards.
    /// </summary>
    /// <returns>False when there are others, or fewer.</returns>
    internal bool TryFreeze(int references) => Interlocked.CompareExchange(ref _references, 0, references) == references;

    /// <summary>Some references more.</summary>
    internal void AddReferences(int count) => Interlocked.Add(ref _references, count);

    /// <summary>One reference more.</summary>
    internal void AddReference() => Interlocked.Increment(ref _references);

    /// <summary>One reference more, unless the frame is free or about to be.</summary>
    /// <returns>False when it has no reference: it can be in anybody's hands by now.</returns>
    internal bool TryAddReference()
    {
        int seen = References;
        while (seen > 0)
        {
            int before = Interlocked.CompareExchange(ref _references, seen + 1, seen);
            if (before == seen)
            {
                return true;
            }

            seen = before;
        }

        return false;
    }

    /// <summary>Makes the only reference, the caller's, one that nobody can add to, until <see cref="Thaw"/>.</summary>
    /// <returns>False when there are others.</returns>
    internal bool TryFreeze() => TryFreeze(1);

    /// <summary>Takes <see cref="TryFreeze()"/> back.</summary>
    internal void Thaw() => Volatile.Write(ref _references, 1);

    /// <summary>One reference less.</summary>
    /// <returns>References left.</returns>
    internal int DropReference() => Interlocked.Decrement(ref _references);

    /// <summary>One mapping more.</summary>
    internal void AddMapping() => Interlocked.Increment(ref _mapCount);

    /// <summary>One mapping less.</summary>
    /// <returns>Mappings left.</returns>
    internal int DropMapping() => Interlocked.Decrement(ref _mapCount);

    /// <summary>One pin more; its reference is counted apart.</summary>
    internal void AddPin() => Interlocked.Increment(ref _pins);

    /// <summary>One pin less.</summary>
    /// <returns>Pins left.</returns>
    internal int DropPin() => Interlocked.Decrement(ref _pins);
}
