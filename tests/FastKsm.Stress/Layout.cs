using System.Collections.Generic;
using System.Linq;

namespace FastKsm.Stress;

/// <summary>Where blocks and slots are, in all processes.</summary>
internal static class Layout
{
    internal const ulong PageSize = 4096;

    /// <summary>Slots of a page: each is written by one thread of a process at most.</summary>
    internal const int Slots = 4;

    /// <summary>Words of eight bytes in a slot.</summary>
    internal const int Words = 8;

    private const int SmallBlocks = 24;
    private const int SmallBlockPages = 8;
    private const int HugeBlocks = 2;
    private const int WatchedInHuge = 16;
    private const int HugePages = 512;

    // 96 pages in front of the end of a page table, so that blocks lie in two; the other place is differently aligned.
    private const ulong SmallHere = 0x10000 - 96;
    private const ulong SmallThere = 0x18003;
    private const ulong HugeHere = 0x20000;
    private const ulong HugeThere = 0x28000;

    /// <summary>The blocks.</summary>
    internal static readonly BlockShape[] Blocks = MakeBlocks();

    /// <summary>Pages that are watched, in all blocks.</summary>
    internal static readonly int Pages = Blocks[^1].FirstPage + Blocks[^1].Watched;

    /// <summary>Number of the block of each watched page.</summary>
    internal static readonly int[] BlockOf = MakeBlockOf();

    /// <summary>Blocks that a child does not get, a bit each.</summary>
    internal static readonly uint SharedBlocks =
        Blocks.Where(block => block.IsShared).Aggregate(0u, (bits, block) => bits | (1u << block.Number));

    /// <summary>First byte of a slot in its page: the first page begins with one, and the last ends with one.</summary>
    internal static ulong OffsetOf(int slot) => (ulong)slot * 1344;

    /// <summary>First byte of a page when its block is at a place.</summary>
    internal static ulong AddressOf(int page, int place)
    {
        BlockShape block = Blocks[BlockOf[page]];
        return block.AddressAt(place) + ((ulong)((page - block.FirstPage) * block.Stride) * PageSize);
    }

    private static BlockShape[] MakeBlocks()
    {
        List<BlockShape> blocks = [];
        int page = 0;
        for (int i = 0; i < SmallBlocks; i++)
        {
            ulong offset = (ulong)(i * SmallBlockPages);
            blocks.Add(new BlockShape(
                i, page, SmallBlockPages, 1, IsClass: i % 2 == 0, IsMergeable: i % 6 != 5, IsBacked: i % 8 == 4,
                IsShared: i % 8 == 7, SmallHere + offset, SmallThere + (2 * offset)));
            page += SmallBlockPages;
        }

        for (int i = 0; i < HugeBlocks; i++)
        {
            // The first can move as a whole, the second cannot.
            ulong offset = (ulong)(i * 2 * HugePages);
            blocks.Add(new BlockShape(
                SmallBlocks + i, page, WatchedInHuge, HugePages / WatchedInHuge, IsClass: i == 1, IsMergeable: i == 0,
                IsBacked: false, IsShared: false, HugeHere + offset, HugeThere + offset + (ulong)(i * 40)));
            page += WatchedInHuge;
        }

        return [.. blocks];
    }

    private static int[] MakeBlockOf()
    {
        List<int> blockOf = [];
        foreach (BlockShape block in Blocks)
        {
            for (int i = 0; i < block.Watched; i++)
            {
                blockOf.Add(block.Number);
            }
        }

        return [.. blockOf];
    }
}
