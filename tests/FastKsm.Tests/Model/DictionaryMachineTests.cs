using System;
using System.Collections.Generic;
using System.Linq;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Model;

/// <summary>Long random scripts on the machine and on a dictionary of pages.</summary>
public sealed class DictionaryMachineTests
{
    private const long Plenty = 1500;
    private const long TooFew = 60;

    [Fact]
    public void RandomScripts_CheckedAfterEachOperation_ShowTheSameAsADictionary() => Property.ForAllScripts(
        ModelOp.Random, script => Run(script, Plenty, checkEvery: 1), cases: 5, length: 2000);

    [Fact]
    public void RandomScripts_TooFewFrames_ShowTheSameAsADictionary() => Property.ForAllScripts(
        ModelOp.Random, script => Run(script, TooFew, checkEvery: 1), cases: 5, length: 2000);

    [Fact]
    public void RandomScripts_Long_ShowTheSameAsADictionary() => Property.ForAllScripts(
        ModelOp.Random, script => Run(script, Plenty, checkEvery: 64), cases: 8, length: 50_000);

    [Fact]
    public void RandomScript_LongRun_DoesEverythingOftenEnough()
    {
        using DictionaryMachine machine = new(TooFew);
        Random random = new(1);
        for (int i = 0; i < 10_000; i++)
        {
            machine.Perform(ModelOp.Random(random));
        }

        // Without all of these, the tests above would show little.
        Assert.InRange(machine.Exhaustions, 100, 5000);
        Assert.All(Enum.GetValues<ModelOpKind>(), kind => Assert.True(machine.Successes.GetValueOrDefault(kind) >= 20, $"{kind}"));
        Assert.InRange(machine.Successes[ModelOpKind.Write], 800, 10_000);
        Assert.InRange(machine.Successes.Values.Sum(), 5000, 10_000);
    }

    private static void Run(ModelOp[] script, long frames, int checkEvery)
    {
        using DictionaryMachine machine = new(frames);
        for (int i = 0; i < script.Length; i++)
        {
            machine.Perform(script[i]);
            if (i % checkEvery == 0)
            {
                machine.Compare();
            }
        }

        machine.Compare();
        machine.Finish(frames);
    }
}
