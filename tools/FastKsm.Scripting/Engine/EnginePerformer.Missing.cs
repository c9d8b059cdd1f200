using FastKsm.Scripting.Running;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Scripting.Engine;

/// <content>What the engine's face does not offer: each of these says so and changes nothing.</content>
public sealed partial class EnginePerformer
{
    /// <inheritdoc/>
    public ulong Break(int process, ulong pages) => throw PerformerException.NotImplemented("brk");

    /// <inheritdoc/>
    public void Synchronise(int process, PageRun run) => throw PerformerException.NotImplemented("sync");

    /// <inheritdoc/>
    public void UserFault(int process, PageRun run, bool writeProtect) => throw PerformerException.NotImplemented("userfault");

    /// <inheritdoc/>
    public void Reclaim(string group, ulong pages) => throw PerformerException.NotImplemented("reclaim");

    /// <inheritdoc/>
    public void Limit(string group, ulong? pages, ulong? swap) => throw PerformerException.NotImplemented("limit");

    /// <inheritdoc/>
    public void SwapOn(string device, ulong pages, SwapSettings settings) =>
        throw PerformerException.NotImplemented("swapon");

    /// <inheritdoc/>
    public void SwapOff(string device) => throw PerformerException.NotImplemented("swapoff");
}
