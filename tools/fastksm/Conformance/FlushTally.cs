using System.Collections.Generic;
using System.Linq;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Cli.Conformance;

/// <summary>
/// Counts which flush operations have come about, and by what: scripts that flush nothing compare nothing.
/// </summary>
/// <remarks>Thread safety: none.</remarks>
internal sealed class FlushTally
{
    private readonly SortedDictionary<(string Operation, string Kind), long> _counts = [];

    /// <summary>By operation and kind.</summary>
    internal IEnumerable<(string Operation, string Kind, long Count)> Rows =>
        _counts.Select(entry => (entry.Key.Operation, entry.Key.Kind, entry.Value));

    /// <summary>An operation has been performed.</summary>
    /// <param name="keyword">Its first word.</param>
    /// <param name="flushes">Its flush operations.</param>
    internal void Add(string keyword, IReadOnlyList<FlushOperation> flushes)
    {
        if (flushes.Count == 0)
        {
            Count(keyword, "none");
        }

        foreach (FlushOperation flush in flushes)
        {
            Count(keyword, flush.Strides switch
            {
                FlushOperation.All => flush.IsRemote ? "F" : "local:F",
                0 => flush.IsRemote ? "r(0)" : "local:r(0)",
                1 => flush.IsRemote ? "r(1)" : "local:r(1)",
                _ => flush.IsRemote ? "r(2 or more)" : "local:r(2 or more)",
            });
        }
    }

    private void Count(string keyword, string kind) =>
        _counts[(keyword, kind)] = _counts.GetValueOrDefault((keyword, kind)) + 1;
}
