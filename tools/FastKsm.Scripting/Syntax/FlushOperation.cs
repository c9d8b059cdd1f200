using System.Globalization;

namespace FastKsm.Scripting.Syntax;

/// <summary>One request for invalidation by whoever acts, as the tracepoint <c>tlb:tlb_flush</c> shows it.</summary>
/// <param name="Strides">
/// How many translations of the same size are named, from 0; <see cref="All"/> for a full flush.
/// </param>
/// <param name="IsRemote">
/// Whether another CPU was in the address space's mask: the tracepoint's reason is "remote IPI send", and else a local
/// one.
/// </param>
public readonly record struct FlushOperation(long Strides, bool IsRemote)
{
    /// <summary>What the tracepoint shows instead of a number of strides: everything that is not global.</summary>
    public const long All = -1;

    /// <summary>Its text in scripts: <c>r(8)</c>, <c>F</c>, <c>local:r(8)</c>, <c>local:F</c>.</summary>
    public override string ToString()
    {
        string text = Strides == All ? "F" : string.Create(CultureInfo.InvariantCulture, $"r({Strides})");
        return IsRemote ? text : "local:" + text;
    }
}
