using System;
using System.Text;
using FastKsm.Scripting.Reading;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Cli.Conformance;

/// <summary>Compares one small script for each trait in which kernels differ, before anything else is compared.</summary>
/// <remarks>
/// The engine is made like the host by what was probed. A script that differs nevertheless names a trait that no option of the engine
/// stands for, or a probe that is wrong. Either way most scripts would differ for that one reason. A trait of the host
/// shows each time; what a busy host disturbs does not, so a script that differs is performed again.
/// </remarks>
internal static class HostFit
{
    // How often a script has to differ before its trait is named.
    private const int Times = 4;

    // The trait, and what shows it.
    private static readonly (string Trait, string Script)[] s_scripts =
    [
        ("what a read of untouched memory maps", "spawn A\nmap A r 4\nread A r[1]\nmap A s 1 ro\nread A s"),
        ("what a write after a read does", "spawn A\nmap A r 4\nread A r[1]\nwrite A r[1] 5"),
        ("what fork leaves of memory that was read", "spawn A\nmap A r 4\nread A r[1]\nwrite A r[2] 5\nfork A B\nwrite B r[1] 6"),
        ("the zero pages of the merger", "ksm use_zero_pages=1\nspawn A\nmap A r 4\nadvise A r mergeable\nfill A r same 0\nscan 2\nread A r\nwrite A r[0] 1\nscan 2"),
        ("merging", "spawn A\nmap A r 6\nadvise A r mergeable\nfill A r[0..3] same 7\nscan 3\nwrite A r[0] 8\nscan 2"),
        ("what a read of an untouched huge page maps", "spawn A\nmap A h 512 huge\nread A h[3]"),
        ("what a write to a huge page that was only read does", "spawn A\nmap A h 512 huge\nread A h[3]\nwrite A h[4] 9"),
        ("zeroes of a huge page that is taken apart", "spawn A\nmap A h 512 huge\nwrite A h[0] 5\nadvise A h[0] cold"),
        ("locked memory", "spawn A\nmap A r 4\nlock A r[0..1]\nadvise A r mergeable\nscan 3"),
    ];

    /// <summary>Compares all of them.</summary>
    /// <param name="makeSides">Makes the sides for one script, the host's the last; they are disposed of after it.</param>
    /// <returns>The first trait that does not fit, as a sentence with both sides' values; null if all fit.</returns>
    internal static string? FindMisfit(Func<ConformanceSide[]> makeSides)
    {
        foreach ((string trait, string text) in s_scripts)
        {
            Script script = ScriptReader.Read("host-fit.ksm", Encoding.ASCII.GetBytes(text));
            ComparisonResult result = Compare(script, makeSides);
            for (int time = 1; result.Outcome == ComparisonOutcome.Differs && time < Times; time++)
            {
                result = Compare(script, makeSides);
            }

            if (result.Outcome == ComparisonOutcome.Differs)
            {
                Difference first = result.Differences[0];
                return $"{trait} ({result.Operation}: {first.What} is {first.Values[^1]} here, {first.Values[0]} on the engine).";
            }
        }

        return null;
    }

    private static ComparisonResult Compare(Script script, Func<ConformanceSide[]> makeSides)
    {
        ConformanceSide[] sides = makeSides();
        ComparisonResult result = new ScriptComparison(script, sides).Perform();
        foreach (ConformanceSide side in sides)
        {
            side.Dispose();
        }

        return result;
    }
}
