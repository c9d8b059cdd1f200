using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.Evaluation.Nearly;
using FastKsm.Cli.Evaluation.Reasons;
using FastKsm.Cli.LiveProcesses;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Cli.Evaluation.Nearly;

/// <summary>Recorded processes whose pages differ in little.</summary>
public sealed class NearlyForecastTests
{
    private const ulong First = 0x1000_0000;
    private const ulong Second = 0x2000_0000;

    private static readonly HostKsm s_stopped = new(
        IsPresent: true, IsWritable: true, "6.18.0", Run: 0, MaxPageSharing: 256, UseZeroPages: false, PagesToScan: 100,
        SleepMilliseconds: 20, PagesScanned: 1);

    public NearlyForecastTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "needs Linux: /proc");

    // A recorded page's words are its content and the steps of 8 from there: addresses of its own mapping, for two of these.
    [Fact]
    public void Evaluate_PagesThatDifferInAddresses_AreEqualWithPointersMasked()
    {
        using ProcTree tree = new();
        _ = tree.Add("11", [Mapping(First, First, 77_000)]);
        _ = tree.Add("12", [Mapping(Second, Second, 88_000)]);

        EvaluationResult result = Evaluate(tree, 11, 12);

        NearlyForecast nearly = result.Nearly!;
        Assert.Equal((4 * 4096L, 0L, 4096L), (nearly.Read, nearly.AsTheyAre, nearly.Masked));
        Assert.Equal(2 * 4096, nearly.ByPointers);
        Assert.Equal(0, nearly.InParts);
        Assert.Equal(NearlyCauseKind.AddressRandomisation, Assert.Single(nearly.Causes).Kind);
        IReadOnlyList<MergeObstacle> obstacles = MergeObstacles.Of(result);
        Assert.Contains(new MergeObstacle(MergeObstacleKind.DiffersInPointers, 2 * 4096), obstacles);
        Assert.Contains(new MergeObstacle(MergeObstacleKind.Unique, 2 * 4096), obstacles);
    }

    // The second content is the first one from its word 32 on, so that 15 of 16 parts of 256 bytes are the same.
    [Fact]
    public void Evaluate_PagesWithEqualParts_AreCountedInParts()
    {
        using ProcTree tree = new();
        _ = tree.Add("11", [Mapping(First, 1UL << 40, (1UL << 40) + 256)]);

        NearlyForecast nearly = Evaluate(tree, 11).Nearly!;

        Assert.Equal((0, 0), (nearly.AsTheyAre, nearly.Masked));
        Assert.Equal(15 * 256, nearly.SmallParts);
        Assert.Equal(0, nearly.LargeParts);
        Assert.Equal(2 * 4096, nearly.InParts);
    }

    [Fact]
    public void Evaluate_NotAskedFor_LooksForNothing()
    {
        using ProcTree tree = new();
        _ = tree.Add("11", [Mapping(First, 5)]);

        Assert.Null(Evaluator.Evaluate(
            [11], new EvaluationOptions(256, false, false, 1), new EvaluationProgress(), TestContext.Current.CancellationToken,
            tree.Mount(KsmBitState.Right, s_stopped)).Nearly);
    }

    [Theory]
    [InlineData("LANG=C\0PYTHONHASHSEED=0\0", 0)]
    [InlineData("PYTHONHASHSEED=random\0", 2)]
    [InlineData("LANG=C\0", 2)]
    public void Evaluate_PythonProcesses_TellsWhetherTheirHashesAreSeededAtRandom(string environment, int processes)
    {
        using ProcTree tree = new();
        foreach (string pid in (string[])["11", "12"])
        {
            // At the same place with the same frames it would be one address space under two ids.
            string directory = tree.Add(pid, [Mapping(First + (ulong.Parse(pid, CultureInfo.InvariantCulture) << 30), 5)]);
            File.WriteAllText(directory + "/cmdline", "/usr/bin/python3\0-m\0server\0");
            File.WriteAllText(directory + "/environ", environment);
        }

        Assert.Equal(processes, Evaluate(tree, 11, 12).Nearly!.Causes.Where(cause => cause.Kind == NearlyCauseKind.HashSeed).Sum(cause => cause.Processes));
    }

    [Fact]
    public void Count_AnyValues_CountsDifferentOnesAndNamesThoseThatRepeat() => Property.ForAllScripts(
        random => (ulong)random.Next(60) << random.Next(60),
        script =>
        {
            HashSet<(int, int)> repeated = [];

            long different = new PartCounter().Count(script.Length / 4, 4, page => script.AsSpan(page * 4, 4), (page, part) => repeated.Add((page, part)));

            Assert.Equal(script.Distinct().Count(), different);
            Assert.Equal(
                Enumerable.Range(0, script.Length).Where(i => script.Count(value => value == script[i]) > 1).Select(i => (i / 4, i % 4)),
                repeated.Order());
        },
        cases: 100,
        length: 80);

    // Two processes with the same words on other pages, and one word in five that is a process's own.
    [Fact]
    public void Estimate_PagesWhoseWordsOccurElsewhere_AreSavedInPart()
    {
        LiveProcess[] processes = [Process("a"), Process("a"), Process("b")];
        (int Process, ulong[] Words)[] pages =
        [
            (0, [1, 2, 3, 4]), (1, [2, 4, 5, 6]), (1, [1, 3, 5, 6]), (0, [5, 6, 7, 8]), (0, [5, 6, 2, 1]), (0, []), (2, []),
        ];

        double saved = SameStart.Estimate(
            pages.Length, page => pages[page].Words, page => processes[pages[page].Process], new bool[pages.Length]);

        // Of five telling pages four have all their words in both processes, and the silent one of "a" counts as much; "b" is alone.
        Assert.Equal((4 * 0.5) + (0.5 * 4 / 5), saved, precision: 6);
    }

    private static LiveProcess Process(string name) => LiveProcess.Noted(1, new ProcessStat(name, 'S', false, 1));

    private static RecordedVma Mapping(ulong start, params ulong[] contents) => new(
        start, [.. contents.Select((content, i) => (RecordedPage?)RecordedPage.Own(content, (start >> 12) + (ulong)i))]);

    private static EvaluationResult Evaluate(ProcTree tree, params int[] pids) => Evaluator.Evaluate(
        pids, new EvaluationOptions(256, UseZeroPages: false, OnlyMarked: false, Threads: 2) { Nearly = true }, new EvaluationProgress(),
        TestContext.Current.CancellationToken, tree.Mount(KsmBitState.Right, s_stopped));
}
