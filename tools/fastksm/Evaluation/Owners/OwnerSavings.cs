using System.Collections.Generic;

namespace FastKsm.Cli.Evaluation.Owners;

/// <summary>The saving of an evaluation, divided by owner.</summary>
/// <param name="Kind">By what processes were put together.</param>
/// <param name="ByOwner">Each owner's part, by its name.</param>
internal sealed record OwnerSavings(OwnerKind Kind, IReadOnlyDictionary<string, OwnerSaving> ByOwner)
{
    /// <summary>Frames saved within owners.</summary>
    internal long WithinPages { get; } = Sum(ByOwner.Values, saving => saving.WithinPages);

    /// <summary>Frames saved across owners.</summary>
    internal long AcrossPages { get; } = Sum(ByOwner.Values, saving => saving.AcrossPages);

    private static long Sum(IEnumerable<OwnerSaving> savings, System.Func<OwnerSaving, long> figure)
    {
        long sum = 0;
        foreach (OwnerSaving saving in savings)
        {
            sum += figure(saving);
        }

        return sum;
    }
}
