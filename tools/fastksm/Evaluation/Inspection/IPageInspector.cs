using System;

namespace FastKsm.Cli.Evaluation.Inspection;

/// <summary>Sees the contents of pages while they are read: one for each reading thread.</summary>
/// <remarks>Thread safety: one thread at a time; several inspectors of one kind may work at once.</remarks>
internal interface IPageInspector
{
    /// <summary>Sees one page.</summary>
    /// <param name="ordinal">Its place in the order of visits.</param>
    /// <param name="vma">Position of its VMA.</param>
    /// <param name="address">Its address.</param>
    /// <param name="page">Its bytes; valid during the call only.</param>
    void See(int ordinal, int vma, ulong address, ReadOnlySpan<byte> page);
}
