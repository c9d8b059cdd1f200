using System;
using System.Globalization;
using System.Linq;
using Xunit;

namespace FastKsm.Tests.Scripting;

/// <summary>Mutated scripts: whatever they ask for, nothing but their own exception comes out, and the machine stays valid.</summary>
public sealed class ScriptFuzzTests(ITestOutputHelper output)
{
    private const int DefaultScripts = 25_000;
    private const int Deep = 5;
    private const double LeastDeepShare = 0.3;

    [Fact]
    public void Run_MutatedScripts_EndWellAndLeaveAValidMachine()
    {
        bool replays = TryVariable("FASTKSM_SEED", out int first);
        int count = TryVariable("FASTKSM_FUZZ", out int asked) ? asked : replays ? 1 : DefaultScripts;
        ScriptFuzzer fuzzer = new(Mutator());

        string? failure = fuzzer.Run(first, count, Deep);

        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"counts: {count} mutated scripts (seeds {first} to {first + count - 1}) on both indexes, {fuzzer.Deep} of them performed {Deep} operations or more, {fuzzer.Merged} merged pages; ")
            + string.Join(", ", fuzzer.Ends.OrderBy(end => end.Key, StringComparer.Ordinal).Select(end => $"{end.Key} {end.Value}")));
        Assert.True(failure is null, failure);
        Assert.True(replays || fuzzer.Deep >= count * LeastDeepShare, $"Only {fuzzer.Deep} of {count} scripts got to {Deep} operations.");
    }

    [Fact]
    public void Mutate_SameSeed_SameScript()
    {
        ScriptMutator mutator = Mutator();

        Assert.Equal(mutator.Mutate(new Random(17)), mutator.Mutate(new Random(17)));
        Assert.NotEqual(mutator.Mutate(new Random(17)), mutator.Mutate(new Random(18)), StringComparer.Ordinal);
    }

    private static ScriptMutator Mutator() => new([.. ScriptFiles.All.Select(ScriptFiles.Read)]);

    private static bool TryVariable(string name, out int value) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out value);
}
