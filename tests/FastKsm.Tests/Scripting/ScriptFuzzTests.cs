using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using FastKsm.Scripting;
using FastKsm.Scripting.Printing;
using FastKsm.Scripting.Running;
using FastKsm.Scripting.Syntax;
using Xunit;

namespace FastKsm.Tests.Scripting;

/// <summary>Mutated scripts: whatever they ask for, nothing but their own exception comes out, and the machine stays valid.</summary>
public sealed class ScriptFuzzTests(ITestOutputHelper output)
{
    private const int DefaultScripts = 20_000;
    private const int Deep = 5;
    private const double LeastDeepShare = 0.3;

    // Small, so that scripts run into every bound and a thousand of them fit into half a second.
    private static readonly MachineOptions s_machine = new() { Frames = 48, Cpus = 2, Nodes = 2, MaxMapCount = 12 };
    private static readonly ScriptRunnerOptions s_bounds = new() { MaxTouchedPages = 2048, MaxScans = 100 };

    [Fact]
    public void Run_MutatedScripts_EndWellAndLeaveAValidMachine()
    {
        ScriptMutator mutator = new([.. ScriptFiles.All.Select(ScriptFiles.Read)]);
        bool replays = TryVariable("FASTKSM_SEED", out int first);
        int count = replays ? 1 : TryVariable("FASTKSM_FUZZ", out int asked) ? asked : DefaultScripts;
        Dictionary<string, int> outcomes = new(StringComparer.Ordinal);
        int deep = 0;
        for (int seed = first; seed < first + count; seed++)
        {
            string text = mutator.Mutate(new Random(seed));
            (string outcome, long operations, Exception? failure) = Perform(text);
            outcomes[outcome] = outcomes.GetValueOrDefault(outcome) + 1;
            deep += operations >= Deep ? 1 : 0;
            if (failure is not null)
            {
                string smallest = Shrink(text);
                Assert.Fail($"FASTKSM_SEED={seed} fails; the smallest script that does:\n{smallest}\n{Perform(smallest).Failure}");
            }
        }

        output.WriteLine($"{count} scripts, {deep} of {Deep} operations or more; " + string.Join(
            ", ", outcomes.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => $"{entry.Key} {entry.Value}")));
        Assert.True(replays || deep >= count * LeastDeepShare, $"Only {deep} of {count} scripts got to {Deep} operations.");
    }

    [Fact]
    public void Mutate_SameSeed_SameScript()
    {
        ScriptMutator mutator = new([.. ScriptFiles.All.Select(ScriptFiles.Read)]);

        Assert.Equal(mutator.Mutate(new Random(17)), mutator.Mutate(new Random(17)));
        Assert.NotEqual(mutator.Mutate(new Random(17)), mutator.Mutate(new Random(18)), StringComparer.Ordinal);
    }

    private static (string Outcome, long Operations, Exception? Failure) Perform(string text)
    {
        Script script;
        try
        {
            script = ScriptFiles.Parse(text, "mutant.ksm");
        }
        catch (ScriptException)
        {
            return ("unreadable", 0, null);
        }
#pragma warning disable CA1031 // Any other exception is what this test looks for.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            return ("failed", 0, failure);
        }

        try
        {
            string printed = ScriptPrinter.Print(script.Operations);
            if (!ScriptFiles.Parse(printed).Operations.Equals(script.Operations))
            {
                throw new InvalidOperationException("Printed and read again, the script is another one:\n" + printed);
            }

            using Performance performance = Performance.Of(script, s_bounds, s_machine);
            return (performance.End?.Outcome.ToString() ?? "Held", performance.Runner.OperationsPerformed, null);
        }
#pragma warning disable CA1031 // The same.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            return ("failed", 0, failure);
        }
    }

    // Drops ever smaller runs of lines while the script keeps failing.
    private static string Shrink(string text)
    {
        List<string> lines = [.. text.Split('\n')];
        for (int chunk = lines.Count / 2; chunk > 0; chunk /= 2)
        {
            for (int start = 0; start + chunk <= lines.Count;)
            {
                List<string> shorter = [.. lines[..start], .. lines[(start + chunk)..]];
                if (Perform(string.Join('\n', shorter)).Failure is null)
                {
                    start += chunk;
                }
                else
                {
                    lines = shorter;
                }
            }
        }

        return string.Join('\n', lines);
    }

    private static bool TryVariable(string name, out int value) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out value);
}
