using System.Collections.Generic;
using FastKsm.Cli.Scenarios.JavaHeap;
using FastKsm.Cli.Scenarios.PreforkWorkers;
using FastKsm.Cli.Scenarios.Shootdowns;
using FastKsm.Cli.Scenarios.SwapMetadata;
using FastKsm.Cli.Scenarios.ZeroColours;

namespace FastKsm.Cli.Scenarios;

/// <summary>The scenarios of the tool; a new one is a line here.</summary>
internal static class ScenarioCatalog
{
    /// <summary>All of them, in alphabetical order of their names.</summary>
    internal static IReadOnlyList<IScenario> All { get; } =
    [
        new JavaHeapScenario(),
        new PreforkWorkersScenario(),
        new ShootdownsScenario(),
        new SwapMetadataScenario(),
        new ZeroColoursScenario(),
    ];
}
