using System;
using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace FastKsm.Tlb;

/// <summary>One set-associative array of a TLB, in native memory that its owner provides.</summary>
/// <remarks>
/// Layout: a set is a run of blocks, a block is one cache line: four keys, then their four values. So a hit in four
/// ways touches one line. Behind the sets, one or two words of tree bits for each: bit n is node n of a binary tree
/// over the ways, numbered as a heap from 1; set, it points right. Behind these, for each way of a tree in one word,
/// the bits on its path, and what they are when it has been used. Key 0 is no entry; ways beyond the last one of a set
/// stay so. Thread safety: none; the owner's.
/// </remarks>
internal unsafe struct CacheArray
{
    /// <summary>Ways of a block.</summary>
    internal const int BlockWays = 4;

    private const int BlockBytes = 64;

    private byte* _blocks;
    private ulong* _trees;
    private ulong* _paths;
    private ulong _setMask;
    private uint _setBytes;
    private int _ways;
    private int _leaves;

    /// <summary>Ways of a set.</summary>
    internal readonly int Ways => _ways;

    /// <summary>Sets.</summary>
    internal readonly int Sets => (int)_setMask + 1;

    private readonly int Blocks => (int)(_setBytes / BlockBytes);

    private readonly int TreeWords => _leaves > 64 ? 2 : 1;

    /// <summary>Bytes that an array needs, a multiple of a cache line.</summary>
    internal static nuint BytesOf(int sets, int ways) =>
        BlocksOf(sets, ways) + TreesOf(sets, ways) + RoundUp((nuint)ways * 16);

    /// <summary>Lays an empty array out over zero-filled memory.</summary>
    internal static CacheArray Place(byte* memory, int sets, int ways)
    {
        Debug.Assert(BitOperations.IsPow2(sets) && ways is > 0 and <= TlbGeometry.MostWays, "Geometry out of range.");
        Debug.Assert((nuint)memory % BlockBytes == 0, "An array begins on a cache line.");
        CacheArray made = new()
        {
            _blocks = memory,
            _trees = (ulong*)(memory + BlocksOf(sets, ways)),
            _paths = (ulong*)(memory + BlocksOf(sets, ways) + TreesOf(sets, ways)),
            _setMask = (ulong)sets - 1,
            _setBytes = (uint)(BlocksOf(sets, ways) / (nuint)sets),
            _ways = ways,
            _leaves = (int)BitOperations.RoundUpToPowerOf2((uint)ways),
        };
        if (made.TreeWords == 1)
        {
            made.FillPaths();
        }

        return made;
    }

    // For four ways, what the tree is when a way has been used: a row of 16 trees for each way.
    private static ReadOnlySpan<byte> FourWaysTouched =>
    [
        6, 6, 6, 6, 6, 6, 6, 6, 14, 14, 14, 14, 14, 14, 14, 14,
        2, 2, 2, 2, 2, 2, 2, 2, 10, 10, 10, 10, 10, 10, 10, 10,
        8, 8, 8, 8, 12, 12, 12, 12, 8, 8, 8, 8, 12, 12, 12, 12,
        0, 0, 0, 0, 4, 4, 4, 4, 0, 0, 0, 0, 4, 4, 4, 4,
    ];

    /// <summary>Finds an entry, and notes that it was used.</summary>
    /// <param name="array">The array.</param>
    /// <param name="index">Number from which the set follows: that of the page, or of the huge page.</param>
    /// <param name="key">The key; not 0.</param>
    /// <returns>Its value; 0 for none.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong Find(CacheArray* array, ulong index, ulong key)
    {
        Debug.Assert(key != 0, "Key 0 is no entry.");
        if (array->_ways != BlockWays)
        {
            return FindInMany(array, index, key);
        }

        ulong set = index & array->_setMask;
        ulong* block = (ulong*)(array->_blocks + (set * BlockBytes));
        uint match = Match(block, key);
        if (match == 0)
        {
            return 0;
        }

        // A byte beyond the table is never read: a tree of four ways has three bits, and bit 0 is always clear.
        uint way = (uint)BitOperations.TrailingZeroCount(match);
        ulong* tree = array->_trees + set;
        *tree = Unsafe.Add(ref MemoryMarshal.GetReference(FourWaysTouched), (nuint)((way * 16) + (uint)*tree));
        return block[BlockWays + way];
    }

    /// <summary>Bit i is set where key i of a block is the one wanted: lane i holds the key of way i.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static uint Match(ulong* block, ulong key) => Vector256.IsHardwareAccelerated
        ? Vector256.Equals(Vector256.LoadAligned(block), Vector256.Create(key)).ExtractMostSignificantBits()
        : MatchScalar(block, key);

    /// <summary>The same without vectors.</summary>
    internal static uint MatchScalar(ulong* block, ulong key) =>
        (block[0] == key ? 1u : 0) | (block[1] == key ? 2u : 0)
        | (block[2] == key ? 4u : 0) | (block[3] == key ? 8u : 0);

    /// <summary>Sets an entry's value, in its own place or that of a victim.</summary>
    /// <param name="index">Number from which the set follows.</param>
    /// <param name="key">The key; not 0.</param>
    /// <param name="value">The value.</param>
    /// <param name="live">Tags of entries that can still be found; all others are as good as free.</param>
    /// <param name="random">State of a generator that chooses victims; 0 for the tree.</param>
    /// <returns>The key that had to go, or 0.</returns>
    internal readonly ulong Fill(ulong index, ulong key, ulong value, Vector128<ushort> live, ref uint random)
    {
        ulong set = index & _setMask;
        int way = WayOf(set, key);
        ulong evicted = 0;
        if (way < 0)
        {
            way = IsFullOf(set, (ushort)key) ? -1 : FreeWay(set, live);
            if (way < 0)
            {
                way = random == 0 ? TreeVictim(set) : RandomVictim(ref random);
                evicted = *KeyAt(set, way);
            }
        }

        *KeyAt(set, way) = key;
        KeyAt(set, way)[BlockWays] = value;
        Touch(set, way);
        return evicted;
    }

    /// <summary>The same for a key that is known not to be held: fast for four ways that are all in use.</summary>
    internal static void FillMissing(CacheArray* array, ulong index, ulong key, ulong value, CacheState* state)
    {
        ulong set = index & array->_setMask;
        Debug.Assert(array->WayOf(set, key) < 0, "The key is held.");
        if (array->_ways != BlockWays || state->Random != 0 || !array->IsFullOf(set, (ushort)key))
        {
            _ = array->Fill(index, key, value, state->LiveTags, ref state->Random);
            return;
        }

        int way = array->TreeVictim(set);
        ulong* block = (ulong*)(array->_blocks + (set * BlockBytes));
        block[way] = key;
        block[BlockWays + way] = value;
        ulong* tree = array->_trees + set;
        *tree = Unsafe.Add(ref MemoryMarshal.GetReference(FourWaysTouched), (nuint)(((uint)way * 16) + (uint)*tree));
    }

    /// <summary>Removes an entry.</summary>
    /// <returns>Whether there was one.</returns>
    internal readonly bool Remove(ulong index, ulong key)
    {
        ulong set = index & _setMask;
        int way = WayOf(set, key);
        if (way < 0)
        {
            return false;
        }

        *KeyAt(set, way) = 0;
        return true;
    }

    /// <summary>Removes all entries whose key has certain bits.</summary>
    internal readonly void RemoveAll(ulong mask, ulong bits)
    {
        for (ulong set = 0; set <= _setMask; set++)
        {
            for (int way = 0; way < _ways; way++)
            {
                ulong* key = KeyAt(set, way);
                if ((*key & mask) == bits)
                {
                    *key = 0;
                }
            }
        }
    }

    /// <summary>The key of a way, for tests and checks.</summary>
    internal readonly ulong KeyOf(int set, int way) => *KeyAt((ulong)set, way);

    /// <summary>The value of a way, for tests and checks.</summary>
    internal readonly ulong ValueOf(int set, int way) => KeyAt((ulong)set, way)[BlockWays];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly ulong* KeyAt(ulong set, int way)
    {
        Debug.Assert(set <= _setMask && (uint)way < (uint)_ways, "Way outside the array.");
        return (ulong*)(_blocks + (set * _setBytes) + ((uint)way / BlockWays * BlockBytes)) + ((uint)way % BlockWays);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong FindInMany(CacheArray* array, ulong index, ulong key)
    {
        ulong set = index & array->_setMask;
        ulong* first = (ulong*)(array->_blocks + (set * array->_setBytes));
        ulong* end = first + (array->_setBytes / sizeof(ulong));
        for (ulong* block = first; block != end; block += BlockBytes / sizeof(ulong))
        {
            uint match = Match(block, key);
            if (match != 0)
            {
                int way = BitOperations.TrailingZeroCount(match);
                array->Touch(set, ((int)(block - first) / 2) + way);
                return block[BlockWays + way];
            }
        }

        return 0;
    }

    private readonly int WayOf(ulong set, ulong key)
    {
        ulong* block = (ulong*)(_blocks + (set * _setBytes));
        for (int i = 0; i < Blocks; i++, block += BlockBytes / sizeof(ulong))
        {
            uint match = Match(block, key);
            if (match != 0)
            {
                return (i * BlockWays) + BitOperations.TrailingZeroCount(match);
            }
        }

        return -1;
    }

    // The first way that holds nothing, else the first whose entry no lookup can find any more.
    private readonly int FreeWay(ulong set, Vector128<ushort> live)
    {
        int dead = -1;
        for (int way = 0; way < _ways; way++)
        {
            ulong key = *KeyAt(set, way);
            if (key == 0)
            {
                return way;
            }

            if (dead < 0 && !Vector128.EqualsAny(live, Vector128.Create((ushort)key)))
            {
                dead = way;
            }
        }

        return dead;
    }

    // Whether every way holds an entry with this tag, as is the rule on a CPU that runs one address space: none is free
    // or dead then.
    private readonly bool IsFullOf(ulong set, ushort tag)
    {
        ulong* block = (ulong*)(_blocks + (set * _setBytes));
        Vector256<ulong> wanted = Vector256.Create((ulong)tag);
        for (int i = 0; i < Blocks; i++, block += BlockBytes / sizeof(ulong))
        {
            if (!Vector256.EqualsAll(Vector256.LoadAligned(block) & Vector256.Create(0xFFFFul), wanted))
            {
                return false;
            }
        }

        return true;
    }

    // Each node on the path points away from the way that was used.
    private readonly void Touch(ulong set, int way)
    {
        if (TreeWords == 1)
        {
            ulong* path = _paths + (2 * way);
            _trees[set] = (_trees[set] & ~path[0]) | path[1];
        }
        else
        {
            Touch(_trees + (set * 2), way);
        }
    }

    private readonly void Touch(ulong* tree, int way)
    {
        for (int node = way + _leaves; node > 1; node >>= 1)
        {
            int parent = node >> 1;
            ulong bit = 1UL << (parent & 63);
            ulong word = tree[parent >> 6] & ~bit;
            tree[parent >> 6] = (node & 1) == 0 ? word | bit : word;
        }
    }

    private readonly void FillPaths()
    {
        for (int way = 0; way < _ways; way++)
        {
            ulong touched = 0, untouched = ulong.MaxValue;
            Touch(&touched, way);
            Touch(&untouched, way);
            _paths[2 * way] = touched | ~untouched;
            _paths[(2 * way) + 1] = touched;
        }
    }

    private readonly int TreeVictim(ulong set)
    {
        if (_ways == BlockWays)
        {
            // Node 1, and then node 2 or 3.
            ulong bits = _trees[set];
            int half = (int)(bits >> 1) & 1;
            return (half * 2) + ((int)(bits >> (2 + half)) & 1);
        }

        ulong* tree = _trees + (set * (uint)TreeWords);
        int node = 1;
        int width = _leaves;
        while (node < _leaves)
        {
            width >>= 1;
            int child = (node * 2) + (int)((tree[node >> 6] >> (node & 63)) & 1);

            // To the right there may be no way at all, where their number is no power of two.
            int level = _leaves / width;
            node = (child - level) * width < _ways ? child : child - 1;
        }

        return node - _leaves;
    }

    // xorshift: any state but 0 leads to any other.
    private readonly int RandomVictim(ref uint random)
    {
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        return (int)(random % (uint)_ways);
    }

    private static nuint BlocksOf(int sets, int ways) =>
        (nuint)(sets * ((ways + BlockWays - 1) / BlockWays)) * BlockBytes;

    private static nuint TreesOf(int sets, int ways) => RoundUp((nuint)sets * (ways > 64 ? 16u : 8u));

    private static nuint RoundUp(nuint bytes) => (bytes + BlockBytes - 1) & ~(nuint)(BlockBytes - 1);
}
