using System;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests;

/// <summary>What an access says about itself, and the forms that throw nothing.</summary>
public sealed class AccessTests
{
    private const ulong Page = Machines.Page;

    [Fact]
    public void Touch_EveryKindOfFault_IsNamed()
    {
        using Machine machine = Machines.Small(frames: 2048);
        Cpu cpu = machine.Cpus[0];
        cpu.Run(machine.Spawn());
        ulong at = cpu.Map(8 * Page, new MapOptions());
        Assert.Equal((Fault.ZeroFrame, 1), Touch(cpu, at, AccessKind.Read));
        Assert.Equal((Fault.None, 0), Touch(cpu, at, AccessKind.Read));
        Assert.Equal((Fault.Copied, 1), Touch(cpu, at, AccessKind.Write));
        Assert.Equal((Fault.NewFrame, 1), Touch(cpu, at + Page, AccessKind.Write));
        Assert.Equal((Fault.None, 0), Touch(cpu, at + Page, AccessKind.Write));

        ModelProcess parent = cpu.Running!.Value;
        ModelProcess child = cpu.Fork();
        cpu.Run(child);
        Assert.Equal((Fault.Copied, 1), Touch(cpu, at, AccessKind.Write));
        cpu.Exit();
        cpu.Run(parent);
        Assert.Equal((Fault.Reused, 1), Touch(cpu, at, AccessKind.Write));

        Assert.Equal(1, cpu.PageOut(parent, at, Page));
        Assert.Equal((Fault.SwappedIn, 1), Touch(cpu, at, AccessKind.Read));

        ulong shared = cpu.Map(Page, new MapOptions { Shared = true });
        Assert.Equal((Fault.Backed, 1), Touch(cpu, shared, AccessKind.Read));
        ulong file = cpu.Map(Page, new MapOptions { FileBacked = true });
        Assert.Equal((Fault.Copied, 1), Touch(cpu, file, AccessKind.Write));

        ulong huge = cpu.Map(512 * Page, new MapOptions { At = 0x40000000, HugePages = true });
        Assert.Equal((Fault.Huge, 1), Touch(cpu, huge + (3 * Page), AccessKind.Write));
        machine.Validate();
    }

    [Fact]
    public void TryForms_OfAGuardPageAndAHole_SayWhereAndWhyWithoutAnException()
    {
        using Machine machine = Machines.Small();
        Cpu cpu = machine.Cpus[0];
        ModelProcess process = machine.SpawnOn(cpu);
        ulong at = cpu.Map(3 * Page, new MapOptions { At = 0x100000 });
        cpu.Protect(at + (2 * Page), Page, Protection.None);
        byte[] bytes = new byte[2 * (int)Page];
        bytes.AsSpan().Fill(3);

        Assert.False(cpu.TryWrite(at + Page + 8, bytes, out Access access));
        Assert.Equal((AccessStatus.NotPermitted, at + (2 * Page)), (access.Status, access.Address));
        Assert.Equal(0, process.Peek(at + Page + 8));
        Assert.False(cpu.TryRead(at + Page + 8, bytes, out access));
        Assert.Equal((AccessStatus.NotPermitted, at + (2 * Page)), (access.Status, access.Address));
        Assert.Equal((0, 3), (bytes[0], bytes[^1]));
        Assert.False(cpu.TryTouch(at + (3 * Page), AccessKind.Read, out access));
        Assert.Equal((AccessStatus.NotMapped, at + (3 * Page), Pfn.None), (access.Status, access.Address, access.Frame));
        Assert.False(cpu.TryTouch(ulong.MaxValue, AccessKind.Write, out access));
        Assert.Equal(AccessStatus.NotMapped, access.Status);
        Assert.False(cpu.TryWritePage(at + (2 * Page), 1, out access));
        Assert.Equal(AccessStatus.NotPermitted, access.Status);
        Assert.False(cpu.TryReadPage(at + (2 * Page), new byte[Page], out access));
        Assert.Equal(AccessStatus.NotPermitted, access.Status);

        Assert.True(cpu.TryWrite(at, bytes, out access));
        Assert.Equal((AccessStatus.Done, at + (2 * Page)), (access.Status, access.Address));
        Assert.Equal(process.FrameAt(at + Page), access.Frame);
        Assert.Throws<ArgumentOutOfRangeException>(() => cpu.TryTouch(at, (AccessKind)2, out _));
    }

    [Fact]
    public void TryForms_OutOfFrames_ChangeNothing()
    {
        using Machine machine = Machines.Small(frames: 2);
        Cpu cpu = machine.Cpus[0];
        cpu.Run(machine.Spawn());
        ulong at = cpu.Map(4 * Page, new MapOptions());
        byte[] bytes = new byte[3 * (int)Page];
        bytes.AsSpan().Fill(1);

        Assert.False(cpu.TryWrite(at, bytes, out Access access));

        Assert.Equal((AccessStatus.OutOfFrames, at + (2 * Page)), (access.Status, access.Address));
        byte[] seen = new byte[1];
        cpu.Read(at, seen);
        Assert.Equal(0, seen[0]);
        machine.Validate();
    }

    private static (Fault Fault, int Faults) Touch(Cpu cpu, ulong address, AccessKind kind)
    {
        Assert.True(cpu.TryTouch(address, kind, out Access access));
        Assert.Equal((AccessStatus.Done, address), (access.Status, access.Address));
        return (access.Fault, access.Faults);
    }
}
