using System;
using System.Threading;
using System.Threading.Tasks;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests;

/// <summary>The face: options, arguments, content modes, and CPUs that run at once.</summary>
public sealed class MachineTests
{
    private const ulong Page = Machines.Page;

    public static TheoryData<MachineOptions, string> BadOptions => new()
    {
        { new MachineOptions { Frames = 0 }, nameof(MachineOptions.Frames) },
        { new MachineOptions { Frames = (1L << 28) + 1 }, nameof(MachineOptions.Frames) },
        { new MachineOptions { Frames = 3, Nodes = 4 }, nameof(MachineOptions.Frames) },
        { new MachineOptions { Nodes = 0 }, nameof(MachineOptions.Nodes) },
        { new MachineOptions { Cpus = 0 }, nameof(MachineOptions.Cpus) },
        { new MachineOptions { Cpus = 5000 }, nameof(MachineOptions.Cpus) },
        { new MachineOptions { PageSize = 8192 }, nameof(MachineOptions.PageSize) },
        { new MachineOptions { MaxMapCount = 0 }, nameof(MachineOptions.MaxMapCount) },
        { new MachineOptions { Content = (FrameContent)7 }, nameof(MachineOptions.Content) },
    };

    [Theory]
    [MemberData(nameof(BadOptions))]
    public void Constructor_OptionOutOfRange_NamesIt(MachineOptions options, string name)
    {
        ArgumentOutOfRangeException refused = Assert.Throws<ArgumentOutOfRangeException>(() => new Machine(options));

        Assert.Equal(name, refused.ParamName);
        Assert.Contains("Expected", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(4096)]
    [InlineData(16384)]
    [InlineData(65536)]
    [InlineData(2097152)]
    public void ReadAndWrite_EveryPageSize_CrossPages(int pageSize)
    {
        using Machine machine = new(new MachineOptions { Frames = 8, PageSize = pageSize });
        ModelProcess process = machine.Spawn();
        ulong at = process.Map(3 * (ulong)pageSize, new MapOptions());
        byte[] written = new byte[pageSize + 2];
        new Random(1).NextBytes(written);

        machine.Cpus[0].Write(process, at + (ulong)pageSize - 1, written);
        byte[] read = new byte[written.Length];
        machine.Cpus[0].Read(process, at + (ulong)pageSize - 1, read);

        Assert.Equal(written, read);
        Assert.Equal(5, machine.FreeFrames);
        machine.Validate();
    }

    [Fact]
    public void Fingerprints_WholePages_CopyOnWriteAndRefusePartialAccess()
    {
        using Machine machine = new(new MachineOptions { Frames = 1 << 20, Content = FrameContent.Fingerprint });
        ModelProcess process = machine.Spawn();
        ulong at = process.Map(Page << 20, new MapOptions());
        Cpu cpu = machine.Cpus[0];
        byte[] content = new byte[16];
        cpu.WritePage(process, at, 42);
        ModelProcess child = process.Fork();
        cpu.WritePage(child, at, 43);

        cpu.ReadPage(process, at, content);
        Assert.Equal(0xBDD732262FEB6E95, BitConverter.ToUInt64(content));
        cpu.ReadPage(process, at + Page, content);
        Assert.Equal(new byte[16], content);
        Assert.Contains("fingerprint", Assert.Throws<NotSupportedException>(() => cpu.Read(process, at, content)).Message, StringComparison.Ordinal);
        Assert.Throws<NotSupportedException>(() => cpu.Write(process, at, content));
        Assert.Throws<ArgumentException>(() => cpu.ReadPage(process, at, new byte[4096]));
        machine.Validate();
    }

    [Fact]
    public void Arguments_UnalignedOrOutOfRange_AreNamed()
    {
        using Machine machine = Machines.Small();
        ModelProcess process = machine.Spawn();
        ulong at = process.MapPages(2);

        Assert.Equal("length", Assert.Throws<ArgumentException>(() => process.Map(100, new MapOptions())).ParamName);
        Assert.Equal("length", Assert.Throws<ArgumentOutOfRangeException>(() => process.Map(0, new MapOptions())).ParamName);
        Assert.Equal("length", Assert.Throws<ArgumentOutOfRangeException>(() => process.Unmap(at, 1UL << 60)).ParamName);
        Assert.Equal("address", Assert.Throws<ArgumentException>(() => process.Unmap(at + 1, Page)).ParamName);
        Assert.Equal("address", Assert.Throws<ArgumentOutOfRangeException>(() => process.Protect(1UL << 47, Page, Protection.Read)).ParamName);
        Assert.Equal("protection", Assert.Throws<ArgumentOutOfRangeException>(() => process.Protect(at, Page, (Protection)8)).ParamName);
        Assert.Equal("advice", Assert.Throws<ArgumentOutOfRangeException>(() => process.Advise(at, Page, (Advice)99)).ParamName);
        Assert.Equal("kind", Assert.Throws<ArgumentOutOfRangeException>(() => process.Pin(at, (PinKind)9)).ParamName);
        Assert.Equal("options", Assert.Throws<ArgumentOutOfRangeException>(() => process.Map(Page, new MapOptions { Node = 1 })).ParamName);
        Assert.Throws<SegmentationFaultException>(() => process.Peek(ulong.MaxValue));
        Assert.Throws<SegmentationFaultException>(() => process.Peek(at + (1UL << 47)));
        Assert.Throws<SegmentationFaultException>(() => process.On().Write(ulong.MaxValue - 1, new byte[8]));
        machine.Validate();
    }

    [Fact]
    public void Processes_ExitedForeignOrDisposed_AreRefused()
    {
        using Machine other = Machines.Small();
        Machine machine = Machines.Small();
        ModelProcess process = machine.Spawn();
        ModelProcess exited = machine.Spawn();
        exited.Exit();

        Assert.Throws<InvalidOperationException>(() => exited.MapPages(1));
        Assert.Throws<ArgumentException>(() => other.Cpus[0].Read(process, 0, new byte[1]));
        machine.Dispose();
        Assert.Throws<ObjectDisposedException>(() => process.MapPages(1));
        Assert.Throws<ObjectDisposedException>(machine.Validate);
    }

    [Fact]
    public void Map_OnANode_TakesItsFrames()
    {
        using Machine machine = Machines.Small(frames: 100, cpus: 2, nodes: 2);
        ModelProcess process = machine.Spawn();
        ulong near = process.MapPages(1);
        ulong far = process.Map(Page, new MapOptions { Node = 1 });
        process.Touch(near, 1);
        process.Touch(far, 1);

        Assert.Equal(0, machine.Store.Frames.Layout.NodeOf(process.FrameAt(near).Number));
        Assert.Equal(1, machine.Store.Frames.Layout.NodeOf(process.FrameAt(far).Number));
    }

    [Fact]
    public async Task Cpus_DrivenAtOnceOnOneAddressSpace_KeepItWhole()
    {
        const int Threads = 4;
        const int Pages = 64;
        using Machine machine = Machines.Small(frames: 4096, cpus: Threads, nodes: 2);
        ModelProcess process = machine.Spawn();
        ulong at = process.MapPages(Pages * Threads);
        int wrong = 0;
        void Drive(int number)
        {
            // Each thread owns its stripe of pages in the leaves that all share, and remaps, forks and drops beside the others.
            Cpu cpu = machine.Cpus[number];
            Random random = new(number);
            byte[] bytes = new byte[1];
            byte[] expected = new byte[Pages];
            for (int i = 0; i < 4000; i++)
            {
                int index = random.Next(Pages);
                ulong address = at + ((ulong)((index * Threads) + number) * Page);
                switch (random.Next(20))
                {
                    case 0:
                        process.Advise(address, Page, Advice.DontNeed);
                        expected[index] = 0;
                        break;
                    case 1:
                        process.Protect(address, Page, Protection.Read);
                        process.Protect(address, Page, Protection.Read | Protection.Write);
                        break;
                    case 2 when i % 8 == 0:
                        ModelProcess child = process.Fork();
                        cpu.Read(child, address, bytes);
                        wrong += bytes[0] == expected[index] ? 0 : 1;
                        cpu.Write(child, address, [0xCC]);
                        child.Exit();
                        break;
                    case 3:
                        process.Pin(address, PinKind.Write).Dispose();
                        break;
                    case < 10:
                        cpu.Read(process, address, bytes);
                        _ = bytes[0] == expected[index] ? 0 : Interlocked.Increment(ref wrong);
                        break;
                    default:
                        expected[index] = (byte)random.Next(1, 200);
                        cpu.Write(process, address, [expected[index]]);
                        break;
                }
            }
        }

        machine.Rest();
        CancellationToken none = TestContext.Current.CancellationToken;
        Task[] tasks = new Task[Threads];
        for (int i = 0; i < Threads; i++)
        {
            int number = i;
            tasks[i] = Task.Run(machine.Cpus[number].Drive(() => Drive(number)), none);
        }

        await Task.WhenAll(tasks);

        Assert.Equal(0, wrong);
        machine.Validate();
        process.Exit();
        machine.Validate();
        Assert.Equal(4096, machine.FreeFrames);
    }
}
