using System;
using FastKsm.Tests.TestKit;
using FastKsm.Tlb;
using Xunit;

namespace FastKsm.Tests.Tlb;

/// <summary>
/// Bugs planted in a whole machine are found by its own checks: by the oracle where a flush does not come, or comes late, by
/// <see cref="Machine.Validate"/> where it does not reach a CPU.
/// </summary>
public sealed class PlantedBugTests
{
    private const ulong Page = Machines.Page;
    private const ulong Table = 512 * Page;
    private const ulong Start = 64 * Table;

    [Theory]
    [InlineData(PlantedBug.GatherNotFlushed, "I2")]
    [InlineData(PlantedBug.ReleasedBeforeFlush, "I2")]
    [InlineData(PlantedBug.TablesReleasedBeforeFlush, "I3")]
    internal void Unmapped_FoundByTheOracle(PlantedBug bug, string invariant)
    {
        using Machine machine = Machines.Small(frames: 4096, cpus: 2);
        ModelProcess process = Shared(machine, 8);
        machine.Store.Flushes.Bug = bug;

        AssertFound(machine, invariant, () => machine.Cpus[0].Unmap(Start, Table));
    }

    [Fact]
    public void BatchNotFlushed_FoundByTheOracle()
    {
        using Machine machine = Machines.Small(frames: 4096, cpus: 2);
        ModelProcess process = Shared(machine, 8);
        machine.Store.Flushes.Bug = PlantedBug.BatchNotFlushed;

        AssertFound(machine, "I16", () => machine.Cpus[0].Migrate(process, Start, 8 * Page));
    }

    [Fact]
    public void PinsSeenBeforeFlush_FoundByTheOracle_WhenMerging()
    {
        using Machine machine = Machines.Small(frames: 4096, cpus: 2);
        _ = Shared(machine, 8);
        machine.Cpus[0].Advise(Start, 8 * Page, Advice.Mergeable);
        machine.Ksm.Write("run", "1");
        machine.Store.Flushes.Bug = PlantedBug.PinsSeenBeforeFlush;

        AssertFound(machine, "I31", () =>
        {
            for (int scan = 0; scan < 3; scan++)
            {
                Assert.True(machine.Ksm.Scan());
            }
        });
    }

    [Fact]
    public void PinsSeenBeforeFlush_FoundByTheOracle_WhenPagingOut()
    {
        using Machine machine = Machines.Small(frames: 4096, cpus: 2);
        ModelProcess process = Shared(machine, 8);
        machine.Store.Flushes.Bug = PlantedBug.PinsSeenBeforeFlush;

        AssertFound(machine, "I31", () => process.PageOut(Start, 8 * Page));
    }

    // The page table does not know that the page is dirty, and a CPU stores to it.
    [Fact]
    public void DirtyRuleIgnored_FoundByValidate()
    {
        using Machine machine = Machines.Small(frames: 4096, cpus: 2);
        _ = Shared(machine, 8);
        machine.Cpus[0].Advise(Start, 8 * Page, Advice.Free);
        machine.Store.Flushes.Bug = PlantedBug.DirtyRuleIgnored;
        machine.Cpus[1].Read(Start, new byte[1]);
        machine.Cpus[1].Write(Start, [9]);

        AssertBroken("I5", Assert.Throws<InvalidOperationException>(machine.Validate));
    }

    [Theory]
    [InlineData(PlantedBug.NotSent, "I5")]
    [InlineData(PlantedBug.NoGeneration, "I5")]
    [InlineData(PlantedBug.RangeTooShort, "I5")]
    internal void Protected_FoundByValidate(PlantedBug bug, string invariant)
    {
        using Machine machine = Machines.Small(frames: 4096, cpus: 2);
        _ = Shared(machine, 8);
        machine.Validate();
        machine.Store.Flushes.Bug = bug;

        machine.Cpus[0].Protect(Start, 8 * Page, Protection.Read);

        AssertBroken(invariant, Assert.Throws<InvalidOperationException>(machine.Validate));
    }

    // A CPU that was idle goes on with what it held.
    [Theory]
    [InlineData(PlantedBug.NoCompareAfterLazy)]
    [InlineData(PlantedBug.NoCompareAtSwitch)]
    internal void ComesBack_FoundByValidate(PlantedBug bug)
    {
        using Machine machine = Machines.Small(frames: 4096, cpus: 2);
        ModelProcess process = Shared(machine, 8);
        Cpu other = machine.Cpus[1];
        if (bug == PlantedBug.NoCompareAtSwitch)
        {
            other.Run(machine.Spawn());
        }
        else
        {
            other.Idle();
        }

        machine.Cpus[0].Protect(Start, 8 * Page, Protection.Read);
        machine.Validate();
        machine.Store.Flushes.Bug = bug;
        other.Run(process);

        AssertBroken("I5", Assert.Throws<InvalidOperationException>(machine.Validate));
    }

    // Written by one CPU and read by the other one, which both run the process.
    private static ModelProcess Shared(Machine machine, int pages)
    {
        ModelProcess process = machine.Spawn();
        machine.Cpus[0].Run(process);
        machine.Cpus[1].Run(process);
        _ = machine.Cpus[0].Map(Table, new MapOptions { At = Start });
        for (int page = 0; page < pages; page++)
        {
            ulong address = Start + ((ulong)page * Page);
            machine.Cpus[0].Write(address, [1]);
            machine.Cpus[1].Write(address, [2]);
        }

        return process;
    }

    private static void AssertFound(Machine machine, string invariant, Action work)
    {
        _ = Record.Exception(work);

        string fault = Assert.IsType<string>(machine.Store.Oracle!.Fault);
        Assert.StartsWith($"Invariant {invariant}:", fault, StringComparison.Ordinal);
        AssertBroken(invariant, Assert.Throws<InvalidOperationException>(machine.Dispose));
    }

    private static void AssertBroken(string invariant, Exception found) =>
        Assert.Contains($"Invariant {invariant}:", found.Message, StringComparison.Ordinal);
}
