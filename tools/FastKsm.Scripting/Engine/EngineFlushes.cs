using System.Collections.Generic;
using System.Linq;
using FastKsm.Scripting.Running;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Scripting.Engine;

/// <summary>The flush operations that a machine has noted.</summary>
/// <param name="machine">The machine.</param>
internal sealed class EngineFlushes(Machine machine) : IFlushSource
{
    /// <inheritdoc/>
    public IReadOnlyList<FlushOperation> TakeFlushes() =>
        [.. machine.Tlbs.TakeFlushes().Select(static flush => new FlushOperation(flush.Strides, flush.IsRemote))];
}
