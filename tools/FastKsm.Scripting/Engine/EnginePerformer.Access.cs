using System;
using System.Collections.Generic;
using FastKsm.Scripting.Running;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Scripting.Engine;

/// <content>Accesses to pages.</content>
public sealed partial class EnginePerformer
{
    // Linux's BIO_MAX_VECS: one request of the block layer.
    private const ulong MaxRequestPages = 256;

    /// <inheritdoc/>
    public void Fill(int process, PageRun run, ContentPattern pattern)
    {
        Cpu cpu = _processes[process].On();
        for (ulong i = 0; i < run.Pages; i++)
        {
            cpu.WritePage(run.Address + BytesOf(i), pattern.At(i));
        }
    }

    /// <inheritdoc/>
    public void Poke(int process, ulong address, ReadOnlySpan<byte> bytes) =>
        _processes[process].On().Write(address, bytes);

    /// <inheritdoc/>
    public void Read(int process, PageRun run)
    {
        Cpu cpu = _processes[process].On();
        bool hasBytes = Started.Options.Content == FrameContent.Page;
        for (ulong i = 0; i < run.Pages; i++)
        {
            ulong address = run.Address + BytesOf(i);
            if (hasBytes)
            {
                cpu.Read(address, _scratch.AsSpan(0, 1));
            }
            else
            {
                cpu.ReadPage(address, _scratch);
            }
        }
    }

    /// <inheritdoc/>
    public void Populate(int process, PageRun run, bool forWriting) =>
        Advise(process, run, forWriting ? MemoryAdvice.PopulateWrite : MemoryAdvice.PopulateRead);

    /// <inheritdoc/>
    public int Pin(int process, ulong address, PinKind kind)
    {
        _pins.Add(OnBehalf("EFAULT", () => _processes[process].On().Pin(address, kind)));
        return _pins.Count - 1;
    }

    /// <inheritdoc/>
    public void Unpin(int pin) => _pins[pin].Dispose();

    /// <inheritdoc/>
    public void ForceWrite(int process, ulong address, ulong content)
    {
        ScriptContent.Fill(_scratch, content);
        _ = OnBehalf("EIO", () =>
        {
            _processes[process].Cpu.ForceWrite(_processes[process].Process, address, _scratch);
            return true;
        });
    }

    /// <inheritdoc/>
    public void DirectIo(int process, PageRun run, ulong? arrives)
    {
        for (ulong done = 0; done < run.Pages; done += MaxRequestPages)
        {
            Request(process, new PageRun(run.Address + BytesOf(done), Math.Min(MaxRequestPages, run.Pages - done)), arrives);
        }
    }

    /// <inheritdoc/>
    public void Peek(int process, ulong address, Span<byte> content) => _processes[process].Process.Peek(address, content);

    /// <inheritdoc/>
    public void PeekPinned(int pin, Span<byte> content) => _pins[pin].Read(content);

    /// <inheritdoc/>
    public ulong FrameAt(int process, ulong address) => _processes[process].Process.FrameAt(address).Number;

    /// <inheritdoc/>
    public int MapCountAt(int process, ulong address) => _processes[process].Process.MapCountAt(address);

    /// <inheritdoc/>
    public PageState StateAt(int process, ulong address, PageState asked)
    {
        const PageState Known = PageState.Present | PageState.Zero | PageState.Anonymous | PageState.Merged | PageState.Huge
            | PageState.Swapped;
        if ((asked & ~Known) != PageState.None)
        {
            throw PerformerException.NotImplemented($"expect-page {Words.Describe(asked & ~Known, PageState.None)}");
        }

        ModelProcess who = _processes[process].Process;
        return (who.FrameAt(address).IsSome ? PageState.Present : PageState.None)
            | (who.IsZeroFrameAt(address) ? PageState.Zero : PageState.None)
            | (who.IsAnonymousAt(address) ? PageState.Anonymous : PageState.None)
            | (who.IsMergedAt(address) ? PageState.Merged : PageState.None)
            | (who.IsHugeAt(address) ? PageState.Huge : PageState.None)
            | (who.IsSwappedAt(address) ? PageState.Swapped : PageState.None);
    }

    /// <inheritdoc/>
    public IReadOnlyCollection<string> VmaFlagsAt(int process, ulong address) =>
        _processes[process].Process.TryFindMapping(address, out Mapping mapping) && mapping.Address <= address
            ? VmaFlags.Of(mapping)
            : [];

    /// <inheritdoc/>
    public IReadOnlyList<VmaFigures> VmasOf(int process)
    {
        ModelProcess who = _processes[process].Process;
        List<VmaFigures> vmas = [];
        for (ulong address = 0; who.TryFindMapping(address, out Mapping mapping); address = mapping.Address + mapping.Length)
        {
            PageUsage usage = who.UsageOf(mapping.Address, mapping.Length);
            vmas.Add(new VmaFigures(mapping.Address, mapping.Length, VmaFlags.Line(mapping), usage.Anonymous, usage.Ksm));
        }

        return vmas;
    }

    // A system call that comes upon a page it may not touch gets an error, where the process itself gets a signal.
    private static T OnBehalf<T>(string error, Func<T> access)
    {
        try
        {
            return access();
        }
        catch (SegmentationFaultException exception)
        {
            throw PerformerException.Refused(error, exception.Message, exception);
        }
    }

    // A request borrows all its pages first and gives them back at its end. Where one cannot be borrowed, those before it
    // have been read or written all the same, as on Linux, and the request fails.
    private void Request(int process, PageRun run, ulong? arrives)
    {
        Cpu cpu = _processes[process].On();
        FramePin[] pins = new FramePin[run.Pages];
        ulong borrowed = 0;
        try
        {
            for (; borrowed < run.Pages; borrowed++)
            {
                ulong address = run.Address + BytesOf(borrowed);
                pins[borrowed] = OnBehalf("EFAULT", () => cpu.Pin(address, arrives is null ? PinKind.Read : PinKind.Write));
            }
        }
        finally
        {
            if (arrives is { } content)
            {
                Fill(process, run with { Pages = borrowed }, new ContentPattern(IsUnique: false, content));
            }

            foreach (FramePin pin in pins)
            {
                pin.Dispose();
            }
        }
    }
}
