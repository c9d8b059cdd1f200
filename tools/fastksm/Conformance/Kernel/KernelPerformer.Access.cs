using System;
using System.Collections.Generic;
using System.Linq;
using FastKsm.Cli.LiveProcesses;
using FastKsm.Scripting.Running;
using FastKsm.Scripting.Syntax;
using PageRun = FastKsm.Scripting.Running.PageRun;

namespace FastKsm.Cli.Conformance.Kernel;

/// <content>Accesses to pages, and what is seen of them.</content>
internal sealed partial class KernelPerformer
{
    private const int KibiByte = 1024;

    /// <inheritdoc/>
    public void Fill(int process, PageRun run, ContentPattern pattern) =>
        _ = Do(AgentOperation.Fill, process, run.Address, run.Pages, pattern.First, pattern.IsUnique ? 1UL : 0UL);

    /// <inheritdoc/>
    public void Poke(int process, ulong address, ReadOnlySpan<byte> bytes) =>
        _ = Succeed(AgentOperation.Poke, Ask(AgentOperation.Poke, process, [address], bytes));

    /// <inheritdoc/>
    public void Read(int process, PageRun run) => _ = Do(AgentOperation.Read, process, run.Address, run.Pages);

    /// <inheritdoc/>
    public void Populate(int process, PageRun run, bool forWriting) =>
        Advise(process, run, forWriting ? MemoryAdvice.PopulateWrite : MemoryAdvice.PopulateRead);

    /// <inheritdoc/>
    public int Pin(int process, ulong address, PinKind kind)
    {
        // A reader from outside needs a VMA that permits reading; the process's own would take a page that is there.
        Require(
            kind != PinKind.Read || Process(process).Pagemap(address).Frame == 0
            || VmaFlagsAt(process, address) is var flags
            && (flags.Contains("rd", StringComparer.Ordinal) || !flags.Contains("wr", StringComparer.Ordinal)),
            "pin read of a page that permits only writes: whoever reads it on the kernel is another process");
        int pin = (int)Do(AgentOperation.Pin, process, address, (ulong)kind);
        if (kind == PinKind.Read)
        {
            _readers.Add(pin, process);
        }

        return pin;
    }

    /// <inheritdoc/>
    public void Unpin(int pin)
    {
        _ = Do(AgentOperation.Unpin, 0, (ulong)pin);
        _ = _readers.Remove(pin);
    }

    /// <inheritdoc/>
    public void ForceWrite(int process, ulong address, ulong content) =>
        _ = Do(AgentOperation.ForceWrite, process, address, content);

    /// <inheritdoc/>
    public void DirectIo(int process, PageRun run, ulong? arrives) =>
        Do(AgentOperation.DirectIo, process, run, arrives is null ? 0UL : 1UL, arrives ?? 0);

    /// <inheritdoc/>
    public void PageOut(int process, PageRun run) =>
        throw PerformerException.Impossible("pageout: nothing makes the kernel page out a page that others map; advise pageout does it for others");

    /// <inheritdoc/>
    public void Peek(int process, ulong address, Span<byte> content)
    {
        // Reading what is not there would fault it in; it would read as zeroes.
        KernelProcess who = Process(process);
        if (who.Pagemap(address).Frame == 0 && who.Vmas(address, address + 1).Count > 0)
        {
            content.Clear();
        }
        else if (who.Pagemap(address).Frame == 0 || !who.TryRead(address, content))
        {
            throw PerformerException.Refused("SIGSEGV", $"page 0x{address:x} is not mapped");
        }
    }

    /// <inheritdoc/>
    public void PeekPinned(int pin, Span<byte> content)
    {
        _ = Do(AgentOperation.PeekPin, 0, (ulong)pin);
        _session.Agent.Payload.CopyTo(content);
    }

    /// <inheritdoc/>
    public ulong FrameAt(int process, ulong address) => Process(process).Pagemap(address).Frame;

    /// <inheritdoc/>
    public int MapCountAt(int process, ulong address)
    {
        ulong frame = FrameAt(process, address);
        return frame == 0 || _session.Frames.StateOf(frame).IsZeroFrame ? 0 : _session.Frames.MapCountOf(frame);
    }

    /// <inheritdoc/>
    public PageState StateAt(int process, ulong address, PageState asked)
    {
        PagemapEntry entry = Process(process).Pagemap(address);
        return entry.Frame == 0
            ? entry.IsSwapped ? PageState.Swapped : PageState.None
            : StateOf(_session.Frames.StateOf(entry.Frame));
    }

    /// <inheritdoc/>
    public IReadOnlyCollection<string> VmaFlagsAt(int process, ulong address) =>
        Process(process).Vmas(address, address + 1) is [var vma, ..] ? vma.AllFlags : [];

    /// <inheritdoc/>
    public IReadOnlyList<VmaFigures> VmasOf(int process) =>
        [.. Process(process).Vmas().Select(vma => new VmaFigures(
            vma.Start, vma.End - vma.Start, vma.Flags(VmaFigures.KnownFlags), vma.Number("Anonymous") * KibiByte,
            vma.Number("KSM") * KibiByte))];

    private static PageState StateOf(FrameState frame) =>
        PageState.Present
        | (frame.IsKsm ? PageState.Merged : PageState.None)
        | (frame.IsZeroFrame ? PageState.Zero : PageState.None)
        | (frame.IsAnonymous && !frame.IsZeroFrame ? PageState.Anonymous : PageState.None)
        | (frame.IsHuge && !frame.IsZeroFrame ? PageState.Huge : PageState.None)
        | (frame.IsInSwapCache ? PageState.SwapCached : PageState.None);
}
