using System;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests;

/// <summary>What must not be done is one clear error and changes nothing.</summary>
[Collection("alone")]
public sealed class MisuseTests
{
    private const ulong Page = Machines.Page;

    [Fact]
    public void Dispose_OfAPin_ByAListenerOfEvents_IsRefusedAndCanBeDoneLater()
    {
        using Machine machine = Machines.Small();
        ModelProcess process = machine.Spawn();
        ulong at = process.MapPages(4);
        process.Touch(at, 4);
        FramePin pin = process.Pin(at, PinKind.Write);
        Exception? refused = null;
        using (machine.Ksm.Listen(_ => refused ??= Record.Exception(pin.Dispose)))
        {
            process.Advise(at, 4 * Page, Advice.Mergeable);
        }

        _ = Assert.IsType<InvalidOperationException>(refused);
        process.Unmap(at, 4 * Page);
        Assert.Equal(1023, machine.FreeFrames);

        pin.Dispose();
        pin.Dispose();

        Assert.Equal(1024, machine.FreeFrames);
        machine.Validate();
    }

    [Fact]
    public void Dispose_OfAPin_BehindItsMachine_DoesNothing()
    {
        Machine machine = Machines.Small();
        ModelProcess process = machine.Spawn();
        ulong at = process.MapPages(1);
        process.Poke(at, 1);
        FramePin pin = process.Pin(at, PinKind.Write);
        machine.Dispose();

        pin.Dispose();

        _ = Assert.Throws<ObjectDisposedException>(() => pin.Read(new byte[4096]));
    }

    [Fact]
    public void Write_OfWhichALaterPageMayNotBeWritten_WritesNothing()
    {
        using Machine machine = Machines.Small();
        ModelProcess process = machine.Spawn();
        ulong at = process.MapPages(3);
        process.Touch(at, 3);
        process.Protect(at + (2 * Page), Page, Protection.Read);

        SegmentationFaultException refused =
            Assert.Throws<SegmentationFaultException>(() => process.On().Write(at + 8, new byte[2 * Page]));

        Assert.Equal(at + (2 * Page), refused.Address);
        Assert.Equal((1, 1), (process.Peek(at + Page), process.Peek(at + (2 * Page))));
    }

    // The pages before the one that another thread has protected meanwhile are written, none behind it, as the exception says.
    [Fact]
    public async Task Write_BesideAThreadThatProtectsThePagesOneByOne_WritesUpToTheAddressOfTheException()
    {
        const int Pages = 8;
        const int Rounds = 20_000;
        using Machine machine = Machines.Small(cpus: 2);
        ModelProcess process = machine.Spawn();
        ulong at = process.MapPages(Pages);
        process.Touch(at, Pages);
        int wrong = 0;
        int done = 0;
        void Write()
        {
            Cpu cpu = machine.Cpus[1];
            byte[] seen = new byte[sizeof(int)];
            byte[] bytes = new byte[((Pages - 1) * (int)Page) + sizeof(int)];
            for (int round = 2; round < Rounds; round++)
            {
                MemoryMarshal.Cast<byte, int>(bytes.AsSpan()).Fill(round);
                int written = Pages;
                try
                {
                    cpu.Write(process, at, bytes);
                }
                catch (SegmentationFaultException refused)
                {
                    written = (int)((refused.Address - at) / Page);
                }

                // Behind the address nothing has this round's value; before it all has, or, where it was foreseen, nothing.
                int have = 0;
                for (int page = 0; page < Pages; page++)
                {
                    cpu.Read(process, at + ((ulong)page * Page), seen);
                    bool hasIt = BitConverter.ToInt32(seen) == round;
                    have += hasIt ? 1 : 0;
                    wrong += hasIt && page >= written ? 1 : 0;
                }

                wrong += have == written || (have == 0 && written != Pages) ? 0 : 1;
            }

            Volatile.Write(ref done, 1);
        }

        void Protect()
        {
            Random random = new(1);
            while (Volatile.Read(ref done) == 0)
            {
                ulong page = at + ((ulong)random.Next(Pages) * Page);
                process.Protect(page, Page, Protection.Read);
                process.Protect(page, Page, Protection.Read | Protection.Write);
            }
        }

        machine.Rest();
        await Threads.RunAll(machine.Cpus[1].Drive(Write), machine.Cpus[0].Drive(Protect));

        Assert.Equal(0, wrong);
        machine.Validate();
    }
}
