using System;
using System.Globalization;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using FastKsm.Tests.TestKit;
using FastKsm.Tlb;

namespace FastKsm.Tests.Merging;

/// <summary>
/// ksmd with two flushes a batch, beside threads of the scanned process: some read and write their own pages, one forks, borrows, moves
/// and pages out what is everybody's, and changes the rights and places of its own.
/// </summary>
internal sealed class BatchStress : IDisposable
{
    private const int Pages = 96;
    private const int Writers = 2;
    private const int Meddler = Writers;
    private const int Scanner = Writers + 1;
    private const ulong PageSize = Machines.Page;
    private const ulong Start = 0x1000 * PageSize;
    private const ulong Length = (Writers + 1) * Pages * PageSize;
    private const ulong Elsewhere = Start + (2 * Length);

    private readonly ModelProcess _process;
    private long _wrong;
    private long _batches;
    private long _meddlings;
    private bool _stop;

    /// <param name="index">How the scanner looks for contents.</param>
    /// <param name="bug">A fault to be planted.</param>
    internal BatchStress(MergeIndexKind index, PlantedBug bug)
    {
        Machine = new Machine(new MachineOptions
        {
            Frames = 8192,
            Cpus = Scanner + 1,
            BackgroundCpu = Scanner,
            Index = index,
            MergeFlushes = MergeFlushes.Batched,
        });
        Machine.Store.Flushes.Bug = bug;
        Machine.Ksm.Write("run", "1");
        Machine.Ksm.Write("smart_scan", "0");
        Machine.Ksm.Write("pages_to_scan", "64");
        Machine.Ksm.Write("max_page_sharing", "16");
        _process = Machine.Spawn();
        _ = _process.Map(Length, new MapOptions { At = Start });
        _process.Advise(Start, Length, Advice.Mergeable);
        Machine.Rest();
    }

    internal Machine Machine { get; }

    /// <summary>Reads that did not find what the thread had written.</summary>
    internal long Wrong => Volatile.Read(ref _wrong);

    /// <summary>Runs all threads.</summary>
    /// <param name="time">How long.</param>
    /// <param name="endsWhenWrong">Whether the first wrong read is the end.</param>
    internal async Task Run(TimeSpan time, bool endsWhenWrong)
    {
        Action[] threads =
        [
            .. Enumerable.Range(0, Writers).Select(number => Machine.Cpus[number].Drive(() => Write(number))),
            Machine.Cpus[Meddler].Drive(Meddle),
            () => Scan(time, endsWhenWrong),
        ];
        await Threads.RunAll(threads).ConfigureAwait(false);
    }

    public void Dispose() => Machine.Dispose();

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{_batches} batches, {_meddlings} calls of others, {Machine.CowKsm} copies, "
        + $"{Machine.Ksm.Statistics.PagesProtectedInVain} protected in vain, {Machine.Ksm.Statistics.BorrowedPagesMet} borrowed, {Wrong} wrong");

    private void Scan(TimeSpan time, bool endsWhenWrong)
    {
        DateTime end = DateTime.UtcNow + time;
        while (DateTime.UtcNow < end && !(endsWhenWrong && Wrong != 0))
        {
            _ = Machine.Ksm.Batch();
            _batches++;
        }

        Volatile.Write(ref _stop, true);
    }

    // Two contents, so that most pages are equal to many.
    private void Write(int number)
    {
        Random random = new(number);
        byte[] values = new byte[Pages];
        Cpu cpu = Machine.Cpus[number];
        cpu.Run(_process);
        while (!Volatile.Read(ref _stop))
        {
            int page = random.Next(Pages);
            ulong address = AddressOf((number * Pages) + page);
            Check(cpu, address, ref values[page]);
            if (random.Next(3) == 0)
            {
                values[page] = (byte)(1 + random.Next(2));
                cpu.Write(address, [values[page]]);
            }

            if (random.Next(64) == 0)
            {
                Thread.Sleep(1);
            }
        }
    }

    private void Meddle()
    {
        Random random = new(Writers);
        byte[] values = new byte[Pages];
        Cpu cpu = Machine.Cpus[Meddler];
        cpu.Run(_process);
        while (!Volatile.Read(ref _stop))
        {
            ulong address = AddressOf(random.Next((Writers + 1) * Pages));
            switch (random.Next(6))
            {
                case 0:
                    using (FramePin pin = cpu.Pin(address, (PinKind)random.Next(3)))
                    {
                        Thread.Sleep(1);
                    }

                    break;
                case 1:
                    ModelProcess child = cpu.Fork();
                    cpu.Run(child);
                    cpu.Exit();
                    cpu.Run(_process);
                    break;
                case 2:
                    _ = cpu.Migrate(_process, address, PageSize);
                    break;
                case 3:
                    _ = cpu.PageOut(_process, address, PageSize);
                    break;
                case 4:
                    for (int i = 0; i < Pages; i++)
                    {
                        ChangeOwn(cpu, random, values);
                    }

                    break;
                default:
                    // Another VMA has the page for a moment, and the right to write is taken and given.
                    cpu.Lock(address, PageSize);
                    cpu.Unlock(address, PageSize);
                    break;
            }

            _meddlings++;
            Thread.Sleep(1);
        }
    }

    // What looks at an entry before it decides whether anything must be flushed.
    private void ChangeOwn(Cpu cpu, Random random, byte[] values)
    {
        int page = random.Next(Pages);
        ulong address = AddressOf((Meddler * Pages) + page);
        Check(cpu, address, ref values[page]);
        byte value = (byte)(1 + random.Next(2));
        switch (random.Next(5))
        {
            case 0:
                cpu.Protect(address, PageSize, Protection.Read);
                Check(cpu, address, ref values[page]);
                cpu.Protect(address, PageSize, Protection.Read | Protection.Write);
                break;
            case 1:
                cpu.Advise(address, PageSize, Advice.Free);
                break;
            case 2:
                cpu.Unmap(address, PageSize);
                _ = cpu.Map(PageSize, new MapOptions { At = address });
                cpu.Advise(address, PageSize, Advice.Mergeable);
                break;
            case 3:
                _ = cpu.Remap(address, PageSize, PageSize, to: Elsewhere);
                _ = cpu.Remap(Elsewhere, PageSize, PageSize, to: address);
                Check(cpu, address, ref values[page]);
                break;
            default:
                break;
        }

        values[page] = value;
        cpu.Write(address, [value]);
    }

    private void Check(Cpu cpu, ulong address, ref byte expected)
    {
        Span<byte> read = stackalloc byte[1];
        cpu.Read(address, read);
        if (read[0] != expected)
        {
            _ = Interlocked.Increment(ref _wrong);
            expected = read[0];
        }
    }

    private static ulong AddressOf(int page) => Start + ((ulong)page * PageSize);
}
