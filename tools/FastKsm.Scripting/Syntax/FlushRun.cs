using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace FastKsm.Scripting.Syntax;

/// <summary>Equal flush operations, one behind the other: <c>64*r(1)</c>.</summary>
/// <param name="Flush">Each of them.</param>
/// <param name="Count">How many; at least one.</param>
public readonly record struct FlushRun(FlushOperation Flush, int Count)
{
    /// <summary>Flush operations in as few runs as can be.</summary>
    /// <param name="flushes">The flush operations.</param>
    public static IReadOnlyList<FlushRun> Of(IEnumerable<FlushOperation> flushes) =>
        Join(flushes.Select(flush => new FlushRun(flush, 1)));

    /// <summary>The same in as few runs as can be.</summary>
    /// <param name="runs">Runs, of which neighbours may be equal.</param>
    public static IReadOnlyList<FlushRun> Join(IEnumerable<FlushRun> runs)
    {
        System.ArgumentNullException.ThrowIfNull(runs);
        List<FlushRun> joined = [];
        foreach (FlushRun run in runs)
        {
            if (joined.Count > 0 && joined[^1].Flush == run.Flush)
            {
                joined[^1] = run with { Count = joined[^1].Count + run.Count };
            }
            else
            {
                joined.Add(run);
            }
        }

        return joined;
    }

    /// <summary>Its text in scripts.</summary>
    public override string ToString() =>
        Count == 1 ? Flush.ToString() : string.Create(CultureInfo.InvariantCulture, $"{Count}*{Flush}");
}
