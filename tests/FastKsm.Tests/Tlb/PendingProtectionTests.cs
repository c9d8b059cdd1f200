using System.Threading;
using FastKsm.AddressSpaces;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Tlb;

/// <summary>
/// Reverse-map walks beside an mprotect that has changed an entry and not flushed yet (the reference's <c>pte_accessible</c>).
/// </summary>
public sealed class PendingProtectionTests
{
    private const ulong Start = 0x100000;

    // One CPU: the walk pays at once. Two: the flush waits for its batch.
    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(1, true)]
    [InlineData(2, true)]
    public void PageThatPermitsNothing_ProtectionHasNotFlushed_LeavesBehindAFlush(int cpus, bool pagesOut)
    {
        using Machine machine = Machines.Small(cpus: 2);
        ModelProcess process = machine.Spawn();
        _ = process.Map(Machines.Page, new MapOptions { At = Start });
        process.Poke(Start, 1);
        if (cpus == 2)
        {
            machine.Cpus[1].Run(process);
            machine.Cpus[1].Idle();
        }

        using SpaceUse use = process.Use();
        AddressSpace space = use.Space;
        Thread protecting = new(() => TakeAllRights(space));
        protecting.Start();
        protecting.Join();

        // Nothing but this walk's own flush can end what the other thread owes.
        long gone = pagesOut ? process.PageOut(Start, Machines.Page) : process.Migrate(Start, Machines.Page);

        space.Translations.EndGather();
        Assert.Equal(1, gone);
        Assert.Null(machine.Store.Oracle!.Fault);
    }

    // What mprotect has done by the time that it leaves the leaf's latch.
    private static void TakeAllRights(AddressSpace space)
    {
        ulong page = Start / Machines.Page;
        space.Translations.BeginGather();
        Assert.True(LeafEdit.TryEnter(space.Table, page, out LeafEdit edit));
        int position = PageTable.PositionOf(page);
        edit.Reprotect(position, edit.Get(position).WithAccessible(false).WithWritable(false));
        edit.Exit();
    }
}
