using System;
using System.Collections.Generic;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.AddressSpaces;

/// <summary>Every operation, failed at every allocation it makes: a clean exception, a valid machine, the same bytes.</summary>
public sealed class ExhaustionTests
{
    private const ulong Page = Machines.Page;
    private const ulong At = 500;

    public static TheoryData<string> Operations => [.. s_operations.Keys];

    private static readonly Dictionary<string, Action<ModelProcess>> s_operations = new(StringComparer.Ordinal)
    {
        ["map"] = static process => process.MapAt(At + 200, 8),
        ["map shared"] = static process => process.Map(8 * Page, new MapOptions { Shared = true }),
        ["map over"] = static process => process.MapAt(At + 3, 4),
        ["unmap middle"] = static process => process.Unmap((At + 3) * Page, 2 * Page),
        ["protect middle"] = static process => process.Protect((At + 5) * Page, 3 * Page, Protection.Read),
        ["protect many"] = static process => process.Protect(At * Page, 20 * Page, Protection.Read),
        ["advise"] = static process => process.Advise((At + 2) * Page, 2 * Page, Advice.Mergeable),
        ["populate"] = static process => process.Advise((At + 14) * Page, 16 * Page, Advice.PopulateWrite),
        ["lock"] = static process => process.Lock((At + 20) * Page, 8 * Page),
        ["write untouched"] = static process => process.Poke((At + 25) * Page, 7),
        ["write shared with a child"] = static process => process.Poke((At + 1) * Page, 7),
        ["write across"] = static process => process.On().Write(((At + 26) * Page) - 4, new byte[8]),
        ["read untouched, new leaf"] = static process => process.Peek((At + 2000) * Page),
        ["move"] = static process => process.Remap(At * Page, 10 * Page, 12 * Page, to: (At + 3000) * Page),
        ["move over"] = static process => process.Remap(At * Page, 10 * Page, 10 * Page, to: (At + 20) * Page),
        ["grow"] = static process => process.Remap((At + 2000) * Page, 8 * Page, 16 * Page),
        ["fork"] = static process => process.Fork().Exit(),
        ["exec"] = static process => process.Exec(),
        ["pin"] = static process => process.Pin((At + 1) * Page, PinKind.Read).Dispose(),
        ["merge any"] = static process => process.SetMergesAnything(true),
        ["exit"] = static process => process.Exit(),
    };

    [Theory]
    [MemberData(nameof(Operations))]
    public void Operation_FailedAtEachAllocation_ChangesNothingThatShows_C83(string name)
    {
        int failures = 0;
        for (int attempt = 0; ; attempt++)
        {
            using Machine machine = Machines.Small(frames: 300, cpus: 2, nodes: 2);
            (ModelProcess process, ModelProcess child) = Prepare(machine);
            byte[] before = Snapshot(process);
            byte[] childBefore = Snapshot(child);
            int mapCount = process.MapCount;
            ulong mapped = process.MappedBytes;
            machine.Store.Faults.Arm(attempt);

            Exception? thrown = Record.Exception(() => s_operations[name](process));

            machine.Store.Faults.Disarm();
            machine.Validate();
            Assert.Equal(childBefore, Snapshot(child));
            if (!machine.Store.Faults.HasStruck)
            {
                Assert.Null(thrown);
                break;
            }

            // A fork is registered and a lock populated at best effort, so not every failure shows.
            Assert.True(thrown is OutOfFramesException or OutOfNativeMemoryException or null, $"{thrown}");
            failures += thrown is null ? 0 : 1;
            if (thrown is not null)
            {
                Assert.Equal(before, Snapshot(process));
                Assert.Equal(mapped, process.MappedBytes);
                Assert.True(process.MapCount == mapCount || name is "lock" or "protect many", "The VMAs have changed.");
            }

            Finish(machine, process, child);
        }

        Assert.True(failures > 0 || name is "exec" or "exit" or "merge any", "No allocation could be failed.");
    }

    [Fact]
    public void Write_NoFrameLeft_ThrowsAndRecoversWhenOneIsFreed()
    {
        using Machine machine = Machines.Small(frames: 4);
        ModelProcess process = machine.Spawn();
        ulong at = process.MapPages(5);
        process.Touch(at, 4);

        Assert.Throws<OutOfFramesException>(() => process.Poke(at + (4 * Page), 1));
        Assert.Equal(0, process.Peek(at + (4 * Page)));
        process.Advise(at, Page, Advice.DontNeed);
        process.Poke(at + (4 * Page), 1);

        machine.Validate();
        Assert.Equal(0, machine.FreeFrames);
    }

    private static (ModelProcess Process, ModelProcess Child) Prepare(Machine machine)
    {
        ModelProcess process = machine.Spawn();
        _ = process.MapAt(At, 30);
        process.Touch(At * Page, 20, 3);
        process.Protect((At + 12) * Page, 2 * Page, Protection.Read);
        ModelProcess child = process.Fork();
        process.Touch((At + 6) * Page, 3, 4);
        using (FramePin keep = process.Pin((At + 7) * Page, PinKind.Write))
        {
            process.Fork().Exit();
        }

        _ = process.MapAt(At + 2000, 8);
        return (process, child);
    }

    private static byte[] Snapshot(ModelProcess process)
    {
        byte[] page = new byte[Page];
        byte[] all = new byte[30 + 8];
        for (int i = 0; i < all.Length; i++)
        {
            ulong at = i < 30 ? At + (ulong)i : At + 2000 + (ulong)(i - 30);
            all[i] = Record.Exception(() => process.Peek(at * Page, page)) is null ? page[0] : (byte)0xEE;
        }

        return all;
    }

    private static void Finish(Machine machine, ModelProcess process, ModelProcess child)
    {
        if (!process.HasExited)
        {
            process.Exit();
        }

        child.Exit();
        machine.Validate();
        Assert.Equal(300, machine.FreeFrames);
        Assert.Equal(0, machine.Store.UsedBytes);
    }
}
