using System;
using FastKsm.Scripting.Running;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Scripting.Engine;

/// <content>Mappings.</content>
public sealed partial class EnginePerformer
{
    /// <inheritdoc/>
    public ulong Map(int process, ulong pages, MapSettings settings, ulong? at)
    {
        ArgumentNullException.ThrowIfNull(settings);
        if (settings.Node is { } node && node >= Started.Options.Nodes)
        {
            throw PerformerException.Impossible($"the machine has nodes 0 to {Started.Options.Nodes - 1}, not {node}");
        }

        RequireAligned(at);
        MapOptions options = new()
        {
            Protection = settings.Protection,
            Shared = settings.Shared,
            FileBacked = settings.File,
            HugePages = settings.Huge,
            NoReserve = settings.NoReserve,
            At = at,
            Node = settings.Node,
        };
        return InRange(() => _processes[process].On().Map(BytesOf(pages), options));
    }

    /// <inheritdoc/>
    public void Unmap(int process, PageRun run) => _processes[process].On().Unmap(run.Address, BytesOf(run.Pages));

    /// <inheritdoc/>
    public void Protect(int process, PageRun run, Protection protection) =>
        _processes[process].On().Protect(run.Address, BytesOf(run.Pages), protection);

    /// <inheritdoc/>
    public void Advise(int process, PageRun run, MemoryAdvice advice) =>
        _processes[process].On().Advise(run.Address, BytesOf(run.Pages), AdviceOf(advice));

    /// <inheritdoc/>
    public ulong Remap(int process, RemapRequest request)
    {
        RequireAligned(request.To);
        return InRange(() => _processes[process].On().Remap(
            request.Source.Address, BytesOf(request.Source.Pages), BytesOf(request.Pages), request.MayMove, request.To,
            request.DontUnmap));
    }

    /// <inheritdoc/>
    public void Lock(int process, PageRun run, bool locked)
    {
        if (locked)
        {
            _processes[process].On().Lock(run.Address, BytesOf(run.Pages));
        }
        else
        {
            _processes[process].On().Unlock(run.Address, BytesOf(run.Pages));
        }
    }

    /// <inheritdoc/>
    public void Migrate(int process, PageRun run, int? node)
    {
        if (node >= Started.Options.Nodes)
        {
            throw PerformerException.Impossible($"the machine has nodes 0 to {Started.Options.Nodes - 1}, not {node}");
        }

        _ = _processes[process].Cpu.Migrate(_processes[process].Process, run.Address, BytesOf(run.Pages), node);
    }

    /// <inheritdoc/>
    public void PageOut(int process, PageRun run) => _ =
        _processes[process].Cpu.PageOut(_processes[process].Process, run.Address, BytesOf(run.Pages));

    private static Advice AdviceOf(MemoryAdvice advice) => advice switch
    {
        MemoryAdvice.Normal => Advice.Normal,
        MemoryAdvice.Random => Advice.Random,
        MemoryAdvice.Sequential => Advice.Sequential,
        MemoryAdvice.DontNeed => Advice.DontNeed,
        MemoryAdvice.Free => Advice.Free,
        MemoryAdvice.Cold => Advice.Cold,
        MemoryAdvice.DontFork => Advice.DontFork,
        MemoryAdvice.DoFork => Advice.DoFork,
        MemoryAdvice.WipeOnFork => Advice.WipeOnFork,
        MemoryAdvice.KeepOnFork => Advice.KeepOnFork,
        MemoryAdvice.DontDump => Advice.DontDump,
        MemoryAdvice.DoDump => Advice.DoDump,
        MemoryAdvice.Mergeable => Advice.Mergeable,
        MemoryAdvice.Unmergeable => Advice.Unmergeable,
        MemoryAdvice.HugePage => Advice.HugePage,
        MemoryAdvice.NoHugePage => Advice.NoHugePage,
        MemoryAdvice.PopulateRead => Advice.PopulateRead,
        MemoryAdvice.PopulateWrite => Advice.PopulateWrite,
        MemoryAdvice.PageOut => Advice.PageOut,
        _ => throw PerformerException.NotImplemented($"advise {Words.Advice.WordOf(advice)}"),
    };

    private ulong BytesOf(ulong pages) => pages * (ulong)PageSize;

    private void RequireAligned(ulong? address)
    {
        if (address % (ulong)PageSize is > 0)
        {
            throw PerformerException.Refused("EINVAL", $"0x{address:x} is not the address of a page");
        }
    }

    // Linux's answer to a place outside the address space.
    private static ulong InRange(Func<ulong> map)
    {
        try
        {
            return map();
        }
        catch (ArgumentOutOfRangeException exception)
        {
            throw PerformerException.Refused("ENOMEM", exception.Message.ReplaceLineEndings(" "), exception);
        }
    }
}
