using System;
using System.Collections.Generic;
using FastKsm.Cli.Conformance.Generation;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Cli.Conformance;

/// <summary>Compares random scripts, and shrinks those that differ.</summary>
internal sealed class RandomConformance
{
    private readonly Func<ConformanceSide[]> _makeSides;
    private readonly Func<ulong, Script> _generate;

    /// <param name="makeSides">Makes the sides for one script; they are disposed of after it.</param>
    /// <param name="profile">Shape of the scripts; null to let each seed draw one.</param>
    internal RandomConformance(Func<ConformanceSide[]> makeSides, GeneratorProfile? profile = null)
        : this(makeSides, seed => ScriptGenerator.Generate(seed, profile))
    {
    }

    /// <param name="makeSides">Makes the sides for one script; they are disposed of after it.</param>
    /// <param name="generate">Makes the script of a seed.</param>
    internal RandomConformance(Func<ConformanceSide[]> makeSides, Func<ulong, Script> generate)
    {
        _makeSides = makeSides;
        _generate = generate;
    }

    /// <summary>What came about in the scripts compared so far.</summary>
    internal Coverage Coverage { get; } = new();

    /// <summary>Compares the script of a seed.</summary>
    /// <param name="seed">The seed.</param>
    internal ComparisonResult Compare(ulong seed) => Compare(_generate(seed), Coverage);

    /// <summary>Makes the script of a seed, which differs, as short as possible.</summary>
    /// <param name="seed">The seed.</param>
    /// <returns>The script and what comes of it; it agrees if the difference did not show again.</returns>
    internal (Script Script, ComparisonResult Result) Shrink(ulong seed)
    {
        Script script = _generate(seed);
        if (!Differs(script.Operations))
        {
            return (script, Compare(script, observer: null));
        }

        IReadOnlyList<Operation> smallest = ScriptShrinker.Shrink([.. script.Operations], Differs);
        script = ScriptGenerator.Parse($"seed-{seed}-shrunk.ksm", smallest);
        return (script, Compare(script, observer: null));
    }

    private bool Differs(IReadOnlyList<Operation> operations) =>
        Compare(ScriptGenerator.Parse("candidate.ksm", operations), observer: null).Outcome == ComparisonOutcome.Differs;

    private ComparisonResult Compare(Script script, IComparisonObserver? observer)
    {
        ComparisonResult result = CompareOnce(script, observer);
        for (int attempt = 1; result.IsDisturbed && attempt < ScriptConformance.QuietAttempts; attempt++)
        {
            // What has come about before the disturbance has been counted.
            result = CompareOnce(script, observer: null);
            result.Repeats = attempt;
        }

        return result;
    }

    private ComparisonResult CompareOnce(Script script, IComparisonObserver? observer)
    {
        ConformanceSide[] sides = _makeSides();
        try
        {
            // The generator does not know which of its operations are refused, and so which names there are.
            return new ScriptComparison(script, sides, observer, passesOverBad: true).Perform();
        }
        finally
        {
            foreach (ConformanceSide side in sides)
            {
                side.Dispose();
            }
        }
    }
}
