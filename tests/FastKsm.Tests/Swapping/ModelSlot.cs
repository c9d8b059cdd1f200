using System;
using FastKsm.Swapping;

namespace FastKsm.Tests.Swapping;

/// <summary>What the model knows of a slot in use.</summary>
internal sealed class ModelSlot
{
    internal int Count { get; set; }

    internal Pfn Head { get; set; }

    internal SwapShadow Shadow { get; set; }

    internal bool IsZero { get; set; }

    internal ushort Group { get; set; }

    /// <summary>What was written to it; null if nothing has been since it was allocated.</summary>
    internal UInt128? Content { get; set; }
}
