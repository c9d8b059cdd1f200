using System;
using System.Globalization;
using FastKsm.Swapping;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Swapping;

/// <summary>Random operations beside a dictionary; 1.08 million in all. FASTKSM_MODEL=N makes N scripts for each
/// row.</summary>
public sealed class SwapModelTests
{
    private const int Length = 6000;
    private const int Scripts = 20;
    private const int ComparedAfterEach = 50;
    private const int ComparedEvery = 2000;

    [Theory]
    [InlineData("legacy", 0, 0)]
    [InlineData("legacy", 1, 1)]
    [InlineData("legacy", 2, 0)]
    [InlineData("faithful", 0, 1)]
    [InlineData("faithful", 1, 0)]
    [InlineData("faithful", 2, 0)]
    [InlineData("compact", 0, 0)]
    [InlineData("compact", 1, 0)]
    [InlineData("compact", 2, 1)]
    public void Operations_Random_AgreeWithADictionary(string layout, int scope, int era)
    {
        int scripts = int.TryParse(Environment.GetEnvironmentVariable("FASTKSM_MODEL"), CultureInfo.InvariantCulture, out int asked) ? asked : Scripts;
        Property.ForAllScripts(SwapOp.Random, script => Check(layout, (GroupScope)scope, (SwapEra)era, script), scripts, Length, replays: scripts);
    }

    private static void Check(string layout, GroupScope scope, SwapEra era, SwapOp[] script)
    {
        using SwapModel model = new(layout, scope, era);
        for (int i = 0; i < script.Length; i++)
        {
            model.Perform(script[i]);
            if (i < ComparedAfterEach || i % ComparedEvery == 0)
            {
                model.CompareAll();
            }
        }

        model.CompareAll();
    }
}
