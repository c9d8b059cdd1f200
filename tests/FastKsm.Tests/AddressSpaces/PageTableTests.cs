using System.Threading;
using System.Threading.Tasks;
using FastKsm.AddressSpaces;
using FastKsm.Swapping;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.AddressSpaces;

/// <summary>Leaves that are looked for without the mm lock, while they come, go and are used again elsewhere.</summary>
public sealed class PageTableTests
{
    // The pages of different leaves, and of different nodes above them.
    private static readonly ulong[] s_pages = [5, 5 + PteLeaf.Length, (1UL << 18) + 5, (1UL << 27) + 5];

    [Fact]
    public async Task TryEnter_LeavesComeAndGo_MeetsOnlyItsOwn()
    {
        const int Rounds = 100_000;
        using Machine machine = new(new MachineOptions { Frames = 64 });
        PageTable[] tables = [new(machine.Store, isWalked: false), new(machine.Store, isWalked: false)];
        using Barrier start = new(2 * tables.Length);
        int changing = tables.Length;
        long strangers = 0;
        long entered = 0;

        // Each table's entries bear its number. Leaves go at once, so the next one to add has the other's leaf.
        void Change(int own)
        {
            PageTable table = tables[own];
            start.SignalAndWait();
            for (int round = 0; round < Rounds || (Volatile.Read(ref entered) == 0 && round < 100 * Rounds); round++)
            {
                ulong page = s_pages[round % s_pages.Length];
                Assert.True(table.TryFindOrAdd(page, out uint leaf));
                Put(table, leaf, page, Pte.Swap(new SwapEntry(own, (uint)own + 1), wasExclusive: false));
                Put(table, leaf, page, default);
                table.FreeEmptyLeaves(0, PageDirectory.Limit << PteLeaf.Shift);
            }

            _ = Interlocked.Decrement(ref changing);
        }

        void Look(int own)
        {
            PageTable table = tables[own];
            start.SignalAndWait();
            for (int i = 0; Volatile.Read(ref changing) != 0; i++)
            {
                ulong page = s_pages[i % s_pages.Length];
                table.Prefetch(page);
                if (table.TryEnter(page, out uint leaf))
                {
                    // Whoever has its latch keeps it where it is.
                    bool isOwn = table.Find(page) == leaf;
                    Pte entry = table.Get(leaf, PageTable.PositionOf(page));
                    table.Exit(leaf);
                    _ = Interlocked.Increment(ref entered);
                    _ = isOwn && (entry.IsEmpty || entry.Entry == new SwapEntry(own, (uint)own + 1)) ? 0 : Interlocked.Increment(ref strangers);
                }
            }
        }

        await Threads.RunAll(() => Change(0), () => Change(1), () => Look(0), () => Look(1));
        Assert.Equal(0, strangers);
        Assert.NotEqual(0, entered);
        Assert.Equal(0u, machine.Store.Leaves.LiveCount);
        Assert.Equal(0u, machine.Store.DirectoryNodes.LiveCount);
    }

    // Whoever looks without the latch sees each page as it was or as it is, and nothing made up of both.
    [Fact]
    public async Task Look_BesideAHugeMappingThatIsMadeSplitAndDropped_SeesWhatWasOrIs()
    {
        const int Rounds = 30_000;
        const uint Head = 1024;
        using Machine machine = new(new MachineOptions { Frames = 64 });
        PageTable table = new(machine.Store, isWalked: false);
        Assert.True(table.TryFindOrAdd(0, out uint leaf));
        int changing = 1;
        long mapped = 0;
        string? wrong = null;

        void Change()
        {
            for (int round = 0; round < Rounds || (Volatile.Read(ref mapped) == 0 && round < 100 * Rounds); round++)
            {
                table.Enter(leaf);
                table.SetWhole(leaf, Pte.Map(new Pfn(Head), accessible: true).ForWholeLeaf());
                table.SplitWhole(leaf);
                for (int i = 0; i < PteLeaf.Length; i++)
                {
                    table.Set(leaf, i, default);
                }

                table.ForgetTable(leaf);
                table.Exit(leaf);
            }

            Volatile.Write(ref changing, 0);
        }

        void Look()
        {
            for (int i = 0; Volatile.Read(ref changing) != 0; i++)
            {
                int position = i % PteLeaf.Length;
                Pte pte = table.Look(leaf, position);
                mapped += pte.IsCounted ? 1 : 0;
                if (!pte.IsEmpty && !(pte.IsCounted && pte.Frame.Number == Head + (uint)position))
                {
                    wrong ??= $"{pte.Value:x} at {position}";
                }
            }
        }

        await Threads.RunAll(Change, Look);
        Assert.Null(wrong);
        Assert.NotEqual(0, mapped);
    }

    private static void Put(PageTable table, uint leaf, ulong page, Pte entry)
    {
        table.Enter(leaf);
        table.Set(leaf, PageTable.PositionOf(page), entry);
        table.Exit(leaf);
    }
}
