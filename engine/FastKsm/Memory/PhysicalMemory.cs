using System;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading;
using FastKsm.Primitives;
using FastKsm.Simd;

namespace FastKsm.Memory;

/// <summary>Frames: their contents, their records, and who may have one.</summary>
/// <remarks>Thread safety: all members may be called concurrently, contents aside (see <see cref="FrameArena"/>).</remarks>
internal sealed class PhysicalMemory : IDisposable
{
    private const int LineBytes = 64;
    private const int LinesAhead = 4;

    private readonly FrameArena _arena;
    private readonly NativeColumn<FrameRecord> _records;
    private long _mergedFramesFreed;
    private int _hugePages;

    /// <exception cref="OutOfNativeMemoryException">The host refuses address space, or memory for the zero frames.</exception>
    internal PhysicalMemory(in FrameLayout layout, AllocationFaults faults)
    {
        Layout = layout;
        _arena = new FrameArena(layout);
        _records = new NativeColumn<FrameRecord>(layout.Limit, faults);
        if (!_records.TryCover(layout.FirstFrame - 1) || !_arena.TryCommit(FrameLayout.FirstZeroFrame, layout.ZeroFrames))
        {
            Dispose();
            throw new OutOfNativeMemoryException("The host has no memory for the zero frames.");
        }

        for (uint number = FrameLayout.FirstZeroFrame; number < layout.FirstFrame; number++)
        {
            _records[number].Birth(FrameFlags.Allocated | FrameFlags.Zero);
        }

        Allocator = new FrameAllocator(layout, _arena, _records, faults);
    }

    /// <summary>Numbers of frames, nodes and CPUs.</summary>
    internal FrameLayout Layout { get; }

    /// <summary>The allocator; for counting and checking, frames are taken through this type.</summary>
    internal FrameAllocator Allocator { get; }

    /// <summary>Who is told of frames that become free; null for no one.</summary>
    internal IFrameGuard? Guard { get; set; }

    /// <summary>Bytes stored for each frame.</summary>
    internal int ContentSize => _arena.ContentSize;

    /// <summary>Frames freed while a stable node named them, since the machine was made: each left a stale node behind.</summary>
    internal long MergedFramesFreed => Volatile.Read(ref _mergedFramesFreed);

    /// <summary>Compares since the machine was made.</summary>
    internal long Comparisons { get; private set; }

    /// <summary>The first of the zero frames, which all have the same content.</summary>
    internal static Pfn AnyZeroFrame => new(FrameLayout.FirstZeroFrame);

    /// <summary>Huge pages in use, whether or not they are mapped as a whole.</summary>
    internal int HugePages => Volatile.Read(ref _hugePages);

    /// <summary>Record of a frame that is, or has been, in use.</summary>
    internal ref FrameRecord this[Pfn frame]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref _records[frame.Number];
    }

    /// <summary>The record that has a frame's references and pins: its own, or that of the first frame of its huge page.</summary>
    internal ref FrameRecord HolderOf(Pfn frame)
    {
        ref FrameRecord record = ref _records[frame.Number];
        return ref record.Has(FrameFlags.Huge) ? ref _records[HeadOf(frame).Number] : ref record;
    }

    /// <summary>First frame of the huge page that a frame belongs to, or would.</summary>
    internal static Pfn HeadOf(Pfn frame) => new(frame.Number & ~((uint)Sizes.HugePages - 1));

    /// <summary>The huge page that a frame belongs to.</summary>
    internal HugeFrame HugeFrameOf(Pfn frame)
    {
        Debug.Assert(_records[frame.Number].Has(FrameFlags.Huge), "The frame is none of a huge page's.");
        return new HugeFrame(_records.Run(HeadOf(frame).Number, Sizes.HugePages));
    }

    /// <summary>One PTE more maps a frame: its map count and the reference that goes with it.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="owner">Id of the address space.</param>
    internal void AddMapping(Pfn frame, uint owner)
    {
        ref FrameRecord record = ref _records[frame.Number];
        record.AddMapping();
        if (record.Has(FrameFlags.Huge))
        {
            HugeFrame huge = HugeFrameOf(frame);
            huge.Head.AddReference();
            huge.AddSingleMapping(owner);
        }
        else
        {
            record.AddReference();
        }
    }

    /// <summary>Mappings of a frame: its PTEs, and the huge mappings of its huge page.</summary>
    internal int MapCountOf(Pfn frame)
    {
        ref FrameRecord record = ref _records[frame.Number];
        return record.MapCount + (record.Has(FrameFlags.Huge) ? HugeFrameOf(frame).WholeMappings : 0);
    }

    /// <summary>Whether a frame has a record yet; the others have never been near use.</summary>
    internal bool IsKnown(Pfn frame) => _records.Covers(frame.Number) && Allocator.HasReached(frame.Number);

    /// <summary>The frame that an untouched page reads as.</summary>
    internal Pfn ZeroFrameOf(ulong page) => new(Layout.ZeroFrameOf(page));

    /// <summary>Content of a frame that the caller owns as <see cref="FrameArena"/> says.</summary>
    internal Span<byte> Content(Pfn frame) => _arena.Content(frame);

    /// <summary>Orders the contents of two frames that nobody can write, and counts it. For ksmd, under the ksm mutex.</summary>
    /// <returns>The sign of the first difference in memcmp order; 0 for equal contents.</returns>
    /// <remarks>For walks of a tree, which mostly meet unlike contents.</remarks>
    internal int Compare(Pfn left, Pfn right)
    {
        Comparisons++;
        return PageCompare.CompareUnlike(
            in MemoryMarshal.GetReference(_arena.Content(left)),
            in MemoryMarshal.GetReference(_arena.Content(right)),
            (nuint)_arena.ContentSize);
    }

    /// <summary>Whether the contents of two frames that nobody can write are equal; counted as <see cref="Compare"/> is.</summary>
    /// <remarks>For frames that a checksum has brought together already.</remarks>
    internal bool AreEqual(Pfn left, Pfn right)
    {
        Comparisons++;
        return PageCompare.Compare(
            in MemoryMarshal.GetReference(_arena.Content(left)),
            in MemoryMarshal.GetReference(_arena.Content(right)),
            (nuint)_arena.ContentSize) == 0;
    }

    /// <summary>The record of a frame will be read soon.</summary>
    internal void PrefetchRecord(Pfn frame) => MemoryHint.Prefetch(ref _records[frame.Number]);

    /// <summary>The content of a frame will be read soon, from its start to its end.</summary>
    internal void PrefetchContent(Pfn frame)
    {
        // The hardware goes on by itself after a few lines, and never into the next page.
        Span<byte> content = _arena.Content(frame);
        for (int line = 0; line < content.Length && line < LinesAhead * LineBytes; line += LineBytes)
        {
            MemoryHint.Prefetch(in content[line]);
        }
    }

    /// <summary>Takes a frame of zeroes with one reference, the caller's.</summary>
    internal MemoryStatus TakeZeroed(int cpu, int node, out Pfn frame)
    {
        MemoryStatus status = TakeRaw(cpu, node, out frame, out bool used);
        if (status == MemoryStatus.Done && used)
        {
            _arena.Content(frame).Clear();
        }

        return status;
    }

    /// <summary>Takes a frame with the content of <paramref name="source"/> and one reference, the caller's.</summary>
    internal MemoryStatus TakeCopy(int cpu, int node, Pfn source, out Pfn frame) =>
        TakeWith(cpu, node, _arena.Content(source), out frame);

    /// <summary>Takes a frame with a content and one reference, the caller's.</summary>
    internal MemoryStatus TakeWith(int cpu, int node, ReadOnlySpan<byte> content, out Pfn frame)
    {
        MemoryStatus status = TakeRaw(cpu, node, out frame, out _);
        if (status == MemoryStatus.Done)
        {
            content.CopyTo(_arena.Content(frame));
        }

        return status;
    }

    /// <summary>Takes 512 frames of zeroes that are one huge page, with one reference to all of it, the caller's.</summary>
    internal MemoryStatus TakeHuge(int cpu, int node, out Pfn first)
    {
        MemoryStatus status = Allocator.TakeHuge(cpu, node, out first);
        if (status == MemoryStatus.Done)
        {
            _ = Interlocked.Increment(ref _hugePages);
            Span<FrameRecord> records = _records.Run(first.Number, Sizes.HugePages);

            // The first one, which gets the reference, last: whoever finds it finds a whole huge page.
            for (int i = records.Length - 1; i >= 0; i--)
            {
                Debug.Assert(!records[i].Has(FrameFlags.Allocated), "A frame in use was handed out.");
                if (records[i].Has(FrameFlags.Used))
                {
                    _arena.Content(new Pfn(first.Number + (uint)i)).Clear();
                }

                records[i].Birth(FrameFlags.Allocated | FrameFlags.Used | FrameFlags.Huge, i == 0 ? 1 : 0);
            }
        }

        return status;
    }

    /// <summary>Drops a reference; the last one frees the frame, or all of its huge page.</summary>
    internal void Release(int cpu, Pfn frame)
    {
        ref FrameRecord record = ref _records[frame.Number];
        if (record.Has(FrameFlags.Huge))
        {
            ReleaseHuge(HeadOf(frame));
            return;
        }

        Debug.Assert(!record.Has(FrameFlags.Zero), "Zero frames carry no references.");
        int left = record.DropReference();
        Debug.Assert(left >= 0, "Frame released twice.");
        if (left == 0)
        {
            Debug.Assert(record.MapCount == 0 && record.Pins == 0, "Frame freed while mapped or pinned.");

            // The mapping id goes too: a stable node recognises its frame by it.
            if (record.Has(FrameFlags.Ksm) && record.Mapping != 0)
            {
                _ = Interlocked.Increment(ref _mergedFramesFreed);
            }

            Guard?.Freed(frame);
            record.Become(FrameFlags.Used, 0, 0);
            Allocator.Give(cpu, frame);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Allocator?.Dispose();
        _records.Dispose();
        _arena.Dispose();
    }

    /// <summary>
    /// Adds a reference to a frame that is known by its number only, and that anything may happen to meanwhile.
    /// </summary>
    /// <param name="cpu">CPU that acts.</param>
    /// <param name="frame">The frame; it has a record.</param>
    /// <returns>False when the frame is free, or about to be.</returns>
    internal bool TryBorrow(int cpu, Pfn frame)
    {
        for (; ; )
        {
            bool huge = _records[frame.Number].Has(FrameFlags.Huge);
            Pfn holder = huge ? HeadOf(frame) : frame;
            ref FrameRecord record = ref _records[holder.Number];
            if (!record.TryAddReference())
            {
                if (_records[frame.Number].Has(FrameFlags.Huge) == huge)
                {
                    return false;
                }

                continue;
            }

            // With the reference it stays what it is by now: a huge page is taken apart only when no one else has one.
            if (_records[frame.Number].Has(FrameFlags.Huge) == huge && record.Has(FrameFlags.Huge) == huge)
            {
                return true;
            }

            Release(cpu, holder);
        }
    }

    /// <summary>
    /// Takes a huge page apart that is frozen: nobody has a reference to any of it but PTEs, and the caller to one
    /// frame.
    /// </summary>
    /// <param name="cpu">CPU that acts.</param>
    /// <param name="held">The frame to which the caller has a reference; frames that nobody has one to are free afterwards.</param>
    /// <param name="each">References to every frame that the caller has from then on.</param>
    internal void Dissolve(int cpu, Pfn held, int each = 0)
    {
        Pfn first = HeadOf(held);
        HugeFrame huge = HugeFrameOf(held);
        huge.Dissolve((int)(held.Number - first.Number), each);
        _ = Interlocked.Decrement(ref _hugePages);
        for (uint i = 0; i < Sizes.HugePages; i++)
        {
            if (huge[(int)i].References == 0)
            {
                Guard?.Freed(new Pfn(first.Number + i));
                huge[(int)i].Become(FrameFlags.Used, 0, 0);
                Allocator.Give(cpu, new Pfn(first.Number + i));
            }
        }
    }

    private void ReleaseHuge(Pfn first)
    {
        int left = _records[first.Number].DropReference();
        Debug.Assert(left >= 0, "Huge page released twice.");
        if (left == 0)
        {
            HugeFrame huge = HugeFrameOf(first);
            Debug.Assert(huge is { WholeMappings: 0, SingleMappings: 0 } && huge.Head.Pins == 0, "Huge page freed in use.");
            huge.ForgetNumbers();
            for (int i = 0; i < Sizes.HugePages; i++)
            {
                Guard?.Freed(new Pfn(first.Number + (uint)i));
                huge[i].Become(FrameFlags.Used, 0, 0);
            }

            _ = Interlocked.Decrement(ref _hugePages);
            Allocator.GiveHuge(first);
        }
    }

    private MemoryStatus TakeRaw(int cpu, int node, out Pfn frame, out bool used)
    {
        used = false;
        MemoryStatus status = Allocator.Take(cpu, node, out frame);
        if (status == MemoryStatus.Done)
        {
            ref FrameRecord record = ref _records[frame.Number];
            Debug.Assert(!record.Has(FrameFlags.Allocated), "A frame in use was handed out.");
            used = record.Has(FrameFlags.Used);
            record.Birth(FrameFlags.Allocated | FrameFlags.Used);
        }

        return status;
    }
}
