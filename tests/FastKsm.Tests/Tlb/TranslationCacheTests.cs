using System;
using System.Collections.Generic;
using System.Linq;
using FastKsm.Tests.TestKit;
using FastKsm.Tlb;
using Xunit;

namespace FastKsm.Tests.Tlb;

/// <summary>What a CPU's TLB holds, drops and forgets.</summary>
public sealed class TranslationCacheTests
{
    private static readonly TlbGeometry s_small = new(2, 4, 1, 4, 4, 4, L2TakesHuge: true);

    public static TheoryData<TlbPreset> Presets => [.. Enum.GetValues<TlbPreset>()];

    [Theory]
    [MemberData(nameof(Presets))]
    public void Fill_AsManyAsTheFirstLevelHolds_AllHit(TlbPreset preset)
    {
        TlbGeometry geometry = TlbGeometry.Of(preset);
        using CacheMemory memory = new(geometry);
        TranslationCache cache = memory.Cache;
        ulong entries = (ulong)(geometry.L1Sets * geometry.L1Ways);
        for (ulong page = 0; page < entries; page++)
        {
            cache.Fill(page, cache.TagOf(2), Of((uint)page + 1));
        }

        for (ulong page = 0; page < entries; page++)
        {
            Assert.True(cache.TryFind(page, cache.TagOf(2), out ulong value));
            Assert.Equal((uint)page + 1, TranslationCache.FrameOf(value).Number);
            Assert.False(cache.TryFind(page, cache.TagOf(3), out _));
        }
    }

    [Theory]
    [MemberData(nameof(Presets))]
    public void Fill_AsManyAsTheSecondLevelHolds_AllFoundThere(TlbPreset preset)
    {
        TlbGeometry geometry = TlbGeometry.Of(preset);
        using CacheMemory memory = new(geometry);
        TranslationCache cache = memory.Cache;
        ulong entries = (ulong)(geometry.L2Sets * geometry.L2Ways);
        for (ulong page = 0; page < entries; page++)
        {
            cache.Fill(page, cache.TagOf(0), Of((uint)page + 1));
        }

        for (ulong page = 0; page < entries; page++)
        {
            Assert.True(cache.FindInL2(page, cache.TagOf(0), out ulong value));
            Assert.Equal((uint)page + 1, TranslationCache.FrameOf(value).Number);
            Assert.True(cache.TryFind(page, cache.TagOf(0), out _));
        }

        Assert.Equal((long)entries, cache.L2Hits);
        Assert.Equal((long)entries, cache.Misses);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(6)]
    [InlineData(12)]
    [InlineData(64)]
    [InlineData(72)]
    public void FullSet_TheTreeSaysWhoGoes(int ways)
    {
        using CacheMemory memory = new(new TlbGeometry(1, ways, 0, 0, 1, 4, L2TakesHuge: false));
        TranslationCache cache = memory.Cache;
        ulong tag = cache.TagOf(1);
        PlruModel model = new(ways);
        Random random = new(ways);
        for (int step = 0; step < 5000; step++)
        {
            ulong page = (ulong)random.Next(ways * 2);
            bool hit = cache.TryFind(page, tag, out _);
            Assert.Equal(model.TryTouch(page), hit);
            if (!hit)
            {
                cache.Fill(page, tag, Of(1));
                model.Fill(page);
            }
        }
    }

    [Fact]
    public void FullSet_DeadEntriesGoFirst()
    {
        using CacheMemory memory = new(s_small);
        TranslationCache cache = memory.Cache;

        // Four pages of one set: two of slot 0, which then dies, two of slot 1, used last.
        cache.Fill(0, cache.TagOf(1), Of(1));
        cache.Fill(2, cache.TagOf(0), Of(2));
        cache.Fill(4, cache.TagOf(1), Of(3));
        cache.Fill(6, cache.TagOf(0), Of(4));
        Assert.True(cache.FlushSlot(0));
        cache.Fill(8, cache.TagOf(1), Of(5));
        cache.Fill(10, cache.TagOf(1), Of(6));

        Assert.All(new ulong[] { 0, 4, 8, 10 }, page => Assert.True(cache.TryFind(page, cache.TagOf(1), out _)));
    }

    [Fact]
    public void FlushSlot_MoreOftenThanThereAreEpochs_NothingComesBack()
    {
        using CacheMemory memory = new(s_small);
        TranslationCache cache = memory.Cache;
        ulong first = cache.TagOf(3);
        cache.Fill(7, cache.TagOf(4), Of(9));
        for (int flush = 0; flush < 20_000; flush++)
        {
            Assert.False(cache.TryFind(5, cache.TagOf(3), out _));
            Assert.False(cache.FindInL2(5, cache.TagOf(3), out _));
            cache.Fill(5, cache.TagOf(3), Of((uint)flush + 1));
            Assert.True(cache.FlushSlot(3));
        }

        Assert.NotEqual(first, cache.TagOf(3));
        Assert.True(cache.TryFind(7, cache.TagOf(4), out _));
    }

    [Fact]
    public void Huge_EachPageHasItsOwnFrame_AndOneInvalidationRemovesIt()
    {
        using CacheMemory memory = new(TlbGeometry.Of(TlbPreset.SkylakeServer));
        TranslationCache cache = memory.Cache;
        ulong tag = cache.TagOf(0);
        cache.Fill(0x203, tag, Of(0x1000, TranslationBits.Huge));

        Assert.Equal(0x1000u + 0x1ff, TranslationCache.FrameOf(cache.FindHuge(0x3ff, tag)).Number);
        Assert.True(cache.FindInL2(0x200, tag, out ulong value));
        Assert.Equal(0x1000u, TranslationCache.FrameOf(value).Number);
        Assert.Equal(0ul, cache.FindHuge(0x400, tag));

        Assert.True(cache.InvalidatePage(0x2ab, tag));
        Assert.Equal(0ul, cache.FindHuge(0x203, tag));
        Assert.False(cache.FindInL2(0x203, tag, out _));
    }

    [Fact]
    public void HugeZero_AllPagesShowOneFrame()
    {
        using CacheMemory memory = new(TlbGeometry.Of(TlbPreset.SkylakeServer));
        TranslationCache cache = memory.Cache;
        cache.Fill(0x200, cache.TagOf(0), Of(8, TranslationBits.Huge | TranslationBits.Zero));

        Assert.Equal(8u, TranslationCache.FrameOf(cache.FindHuge(0x2ff, cache.TagOf(0))).Number);
    }

    [Fact]
    public void Inclusive_WhatLeavesTheSecondLevelLeavesTheFirst()
    {
        using CacheMemory memory = new(new TlbGeometry(1, 8, 1, 4, 1, 4, L2TakesHuge: true, L2IsInclusive: true));
        TranslationCache cache = memory.Cache;
        for (ulong page = 0; page < 5; page++)
        {
            cache.Fill(page, cache.TagOf(0), Of((uint)page + 1));
        }

        Assert.Equal(4, Enumerable.Range(0, 5).Count(page => cache.TryFind((ulong)page, cache.TagOf(0), out _)));
    }

    [Fact]
    public unsafe void Match_VectorAndScalar_AgreeOnEveryWay()
    {
        ulong* block = stackalloc ulong[12];
        ulong* aligned = (ulong*)(((nuint)block + 31) & ~(nuint)31);
        for (int held = 0; held < 256; held++)
        {
            for (int way = 0; way < 4; way++)
            {
                aligned[way] = ((held >> (way * 2)) & 3) switch
                {
                    0 => 0ul,
                    1 => 77ul,
                    2 => 77ul | (1ul << 63),
                    _ => 78ul,
                };
            }

            Assert.Equal(CacheArray.MatchScalar(aligned, 77), CacheArray.Match(aligned, 77));
        }
    }

    [Theory]
    [MemberData(nameof(Presets))]
    public void AnyScript_NeverShowsWhatIsNotTheLatest(TlbPreset preset) => Check(TlbGeometry.Of(preset), seed: 0);

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    public void AnyScript_InASmallOne_NeverShowsWhatIsNotTheLatest(uint seed) => Check(s_small, seed);

    private static Translation Of(uint frame, TranslationBits more = TranslationBits.None) =>
        new(new Pfn(frame), TranslationBits.Valid | TranslationBits.Accessed | more);

    private static void Check(TlbGeometry geometry, uint seed) => Property.ForAllScripts(
        random => (
            Op: random.Next(10),
            Slot: random.Next(3),
            Page: (ulong)random.Next(64) * (random.Next(2) == 0 ? 1ul : 64),
            Frame: (uint)random.Next(1, 1000)),
        script =>
        {
            using CacheMemory memory = new(geometry, seed);
            TranslationCache cache = memory.Cache;
            Dictionary<(int Slot, ulong Page), uint> model = [];
            foreach ((int op, int slot, ulong page, uint frame) in script)
            {
                ulong tag = cache.TagOf(slot);
                switch (op)
                {
                    case < 4:
                        cache.Fill(page, tag, Of(frame));
                        model[(slot, page)] = frame;
                        Assert.True(cache.TryFind(page, tag, out _));
                        break;
                    case 4:
                        _ = cache.InvalidatePage(page, tag);
                        _ = model.Remove((slot, page));
                        break;
                    case 5:
                        _ = cache.InvalidateRange(page, frame % 40, 0, tag);
                        for (ulong i = 0; i < Math.Max(1, frame % 40); i++)
                        {
                            _ = model.Remove((slot, page + i));
                        }

                        break;
                    case 6 when frame % 4 == 0:
                        _ = cache.FlushSlot(slot);
                        foreach ((int Slot, ulong Page) key in model.Keys.Where(key => key.Slot == slot).ToArray())
                        {
                            _ = model.Remove(key);
                        }

                        break;
                    default:
                        bool found = op == 9
                            ? cache.FindInL2(page, tag, out ulong value)
                            : cache.TryFind(page, tag, out value);
                        if (found)
                        {
                            Assert.Equal(model.GetValueOrDefault((slot, page)), TranslationCache.FrameOf(value).Number);
                        }

                        break;
                }
            }
        },
        cases: 60,
        length: 400);

    /// <summary>The tree, as the books draw it.</summary>
    private sealed class PlruModel(int ways)
    {
        private readonly ulong?[] _pages = new ulong?[ways];
        private readonly Dictionary<(int From, int To), bool> _right = [];
        private readonly int _leaves = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)ways);

        internal bool TryTouch(ulong page)
        {
            int way = Array.IndexOf(_pages, page);
            if (way >= 0)
            {
                Touch(way);
            }

            return way >= 0;
        }

        internal void Fill(ulong page)
        {
            int way = Array.IndexOf(_pages, null);
            way = way < 0 ? Victim(0, _leaves) : way;
            _pages[way] = page;
            Touch(way);
        }

        private int Victim(int from, int to)
        {
            if (to - from == 1)
            {
                return from;
            }

            int middle = (from + to) / 2;
            return _right.GetValueOrDefault((from, to)) && middle < ways ? Victim(middle, to) : Victim(from, middle);
        }

        private void Touch(int way)
        {
            int from = 0, to = _leaves;
            while (to - from > 1)
            {
                int middle = (from + to) / 2;
                bool isLeft = way < middle;
                _right[(from, to)] = isLeft;
                (from, to) = isLeft ? (from, middle) : (middle, to);
            }
        }
    }
}
