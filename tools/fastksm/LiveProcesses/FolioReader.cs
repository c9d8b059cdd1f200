namespace FastKsm.Cli.LiveProcesses;

/// <summary>Finds the folio that a frame is part of, from the marks for first and further frames in <c>/proc/kpageflags</c>.</summary>
/// <remarks>Reads a block of frames at a time and keeps the last one. Thread safety: one thread at a time.</remarks>
internal sealed class FolioReader
{
    private const int BlockShift = 9;
    private const int BlockLength = 1 << BlockShift;
    private const ulong NoBlock = ulong.MaxValue;

    // Huge pages of hosts with base pages of 64 KiB: 512 MiB.
    private const ulong LargestFolio = 1UL << 13;

    private readonly FrameFlags _frames;
    private readonly ulong[] _flags = new ulong[BlockLength];
    private ulong _block = NoBlock;

    internal FolioReader(FrameFlags frames) => _frames = frames;

    /// <summary>The folio of a frame, as its first frame and its number of frames.</summary>
    /// <returns>Just the frame where it is a page of its own, or where the host does not answer.</returns>
    internal (ulong First, ulong Count) Of(ulong frame)
    {
        ulong first = frame;
        while (first > 0 && frame - first < LargestFolio && FrameFlags.IsTail(Flags(first)))
        {
            first--;
        }

        if (!FrameFlags.IsHead(Flags(first)))
        {
            return (frame, 1);
        }

        ulong count = 1;
        while (count < LargestFolio && FrameFlags.IsTail(Flags(first + count)))
        {
            count++;
        }

        return (first, count);
    }

    private ulong Flags(ulong frame)
    {
        if (frame >> BlockShift != _block)
        {
            _block = frame >> BlockShift;
            _frames.Read(_block << BlockShift, _flags);
        }

        return _flags[frame & (BlockLength - 1)];
    }
}
