using System.Collections.Generic;
using FastKsm.Scripting.Running;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Cli.Conformance.Kernel;

/// <content>What is not done on the kernel: each of these says so and changes nothing.</content>
internal sealed partial class KernelPerformer
{
    /// <inheritdoc/>
    public void Idle(int cpu) => throw PerformerException.Impossible("idle: the host's CPUs idle when they like");

    /// <inheritdoc/>
    public void Reclaim(string group, ulong pages) => throw PerformerException.NotImplemented("reclaim");

    /// <inheritdoc/>
    public void Limit(string group, ulong? pages, ulong? swap) => throw PerformerException.NotImplemented("limit");

    /// <inheritdoc/>
    public void SwapOn(string device, ulong pages, SwapSettings settings) => throw PerformerException.NotImplemented("swapon");

    /// <inheritdoc/>
    public void SwapOff(string device) => throw PerformerException.NotImplemented("swapoff");

    /// <inheritdoc/>
    public void SetOnline(int node, bool online) =>
        throw PerformerException.Impossible("offline, online: the host needs its memory");

    /// <inheritdoc/>
    public IReadOnlyList<ScriptEvent> TakeEvents() => throw PerformerException.NotImplemented("expect-events");
}
