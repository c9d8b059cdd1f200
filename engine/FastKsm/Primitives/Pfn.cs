namespace FastKsm;

/// <summary>Page frame number: the handle of one frame of a machine.</summary>
/// <remarks>
/// A handle rather than a pointer: it fits in half a page-table entry, can be range-checked, and stays meaningful in a
/// trace. Frame 0 does not exist, so <c>default</c> equals <see cref="None"/> and zero-filled tables hold no frames.
/// </remarks>
/// <param name="Number">The number; 0 for none.</param>
public readonly record struct Pfn(uint Number)
{
    /// <summary>The absent frame.</summary>
    public static Pfn None => default;

    /// <summary>Whether this handle names a frame.</summary>
    public bool IsSome => Number != 0;

    /// <summary>Renders as <c>pfn:0x1a</c>, or <c>pfn:none</c>.</summary>
    public override string ToString() => IsSome ? $"pfn:0x{Number:x}" : "pfn:none";
}
