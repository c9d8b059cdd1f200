using System;
using System.IO;
using FastKsm.Scripting.Running;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Cli.Conformance.Kernel;

/// <content>Mappings.</content>
internal sealed partial class KernelPerformer
{
    // mremap's flags.
    private const ulong MayMove = 1;
    private const ulong Fixed = 2;
    private const ulong DontUnmap = 4;

    // The agent's: protocol.h.
    private const ulong AsShared = 1;
    private const ulong AsFile = 2;
    private const ulong AsHuge = 4;
    private const ulong AsNoReserve = 8;
    private const ulong AsOnDisk = 16;

    private readonly bool _writesBack;

    /// <inheritdoc/>
    public ulong Map(int process, ulong pages, MapSettings settings, ulong? at)
    {
        ArgumentNullException.ThrowIfNull(settings);
        Require(settings.Node is null or 0, "map node: the host's nodes are what they are");
        Require(!settings.Huge || _session.HasHugePages, "map huge: needs Linux 6.18 with transparent huge pages");
        ulong flags = (settings.Shared ? AsShared : 0) | (settings.File ? AsFile : 0) | (settings.Huge ? AsHuge : 0)
            | (settings.NoReserve ? AsNoReserve : 0);

        // Writing back, which flushes, is nothing to files in memory; to others it may happen at any time.
        flags |= Flushes is not null && _writesBack && settings.File ? AsOnDisk : 0;
        return (ulong)Do(AgentOperation.Map, process, at ?? 0, BytesOf(pages), ProtectionOf(settings.Protection), flags);
    }

    /// <inheritdoc/>
    public void Unmap(int process, PageRun run) => Do(AgentOperation.Unmap, process, run);

    /// <inheritdoc/>
    public void Protect(int process, PageRun run, Protection protection) =>
        Do(AgentOperation.Protect, process, run, ProtectionOf(protection));

    /// <inheritdoc/>
    public void Advise(int process, PageRun run, MemoryAdvice advice)
    {
        Require(advice is not MemoryAdvice.PageOut || HasSwap(), "advise pageout: the host has no swap (conform --swap makes some)");
        Require(advice is not MemoryAdvice.HugePage || _session.HasHugePages, "advise hugepage: needs Linux 6.18 with transparent huge pages");
        Do(AgentOperation.Advise, process, run, NumberOf(advice));
    }

    /// <inheritdoc/>
    public ulong Remap(int process, RemapRequest request)
    {
        ulong flags = (request.MayMove ? MayMove : 0) | (request.To is null ? 0 : Fixed) | (request.DontUnmap ? DontUnmap : 0);
        return (ulong)Do(
            AgentOperation.Remap, process, request.Source.Address, BytesOf(request.Source.Pages), BytesOf(request.Pages), flags,
            request.To ?? 0);
    }

    /// <inheritdoc/>
    public ulong Break(int process, ulong pages) =>
        throw PerformerException.Impossible("brk: the agent's heap lies elsewhere than the engine's");

    /// <inheritdoc/>
    public void Lock(int process, PageRun run, bool locked) => Do(AgentOperation.Lock, process, run, locked ? 1UL : 0UL);

    /// <inheritdoc/>
    public void Synchronise(int process, PageRun run) => Do(AgentOperation.Synchronise, process, run);

    /// <inheritdoc/>
    public void UserFault(int process, PageRun run, bool writeProtect) =>
        throw PerformerException.NotImplemented("userfault");

    // The file has a head, and a line for each.
    private static bool HasSwap() => File.ReadAllLines("/proc/swaps").Length > 1;

    // The values of the enumeration are Linux's PROT_*.
    private static ulong ProtectionOf(Protection protection) => (ulong)protection;

    // Linux's MADV_*.
    private static ulong NumberOf(MemoryAdvice advice) => advice switch
    {
        MemoryAdvice.Normal => 0,
        MemoryAdvice.Random => 1,
        MemoryAdvice.Sequential => 2,
        MemoryAdvice.WillNeed => 3,
        MemoryAdvice.DontNeed => 4,
        MemoryAdvice.Free => 8,
        MemoryAdvice.Remove => 9,
        MemoryAdvice.DontFork => 10,
        MemoryAdvice.DoFork => 11,
        MemoryAdvice.Mergeable => 12,
        MemoryAdvice.Unmergeable => 13,
        MemoryAdvice.HugePage => 14,
        MemoryAdvice.NoHugePage => 15,
        MemoryAdvice.DontDump => 16,
        MemoryAdvice.DoDump => 17,
        MemoryAdvice.WipeOnFork => 18,
        MemoryAdvice.KeepOnFork => 19,
        MemoryAdvice.Cold => 20,
        MemoryAdvice.PageOut => 21,
        MemoryAdvice.PopulateRead => 22,
        MemoryAdvice.PopulateWrite => 23,
        MemoryAdvice.DontNeedLocked => 24,
        MemoryAdvice.Collapse => 25,
        MemoryAdvice.GuardInstall => 102,
        MemoryAdvice.GuardRemove => 103,

        // These two take memory away from the whole host.
        _ => throw PerformerException.Impossible($"advise {advice}: not on a host that others use"),
    };

    private ulong BytesOf(ulong pages) => pages * (ulong)PageSize;

    private void Do(AgentOperation operation, int process, PageRun run, params ReadOnlySpan<ulong> more)
    {
        Span<ulong> arguments = stackalloc ulong[5];
        arguments[0] = run.Address;
        arguments[1] = BytesOf(run.Pages);
        more.CopyTo(arguments[2..]);
        _ = Do(operation, process, arguments);
    }
}
