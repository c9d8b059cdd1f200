using System.CommandLine;

namespace FastKsm.Cli.Scenarios.ZeroColours;

/// <summary>Options that change one level of a CPU's caches.</summary>
internal sealed class LevelOptions
{
    private readonly Option<long> _kibibytes;
    private readonly Option<long> _ways;
    private readonly Option<long> _cycles;
    private readonly Option<string> _index;

    /// <param name="prefix">What their names begin with.</param>
    /// <param name="level">Which level, in words.</param>
    internal LevelOptions(string prefix, string level)
    {
        _kibibytes = ScenarioOption.Number($"--{prefix}-kib", $"KiB of the {level}; 0: the CPU's.", 0, 0, 1 << 20);
        _ways = ScenarioOption.Number($"--{prefix}-ways", $"Ways of the {level}; 0: the CPU's.", 0, 0, 1024);
        _cycles = ScenarioOption.Number($"--{prefix}-cycles", $"Cycles of a hit in the {level}; 0: the CPU's.", 0, 0, 100_000);
        _index = ScenarioOption.Word($"--{prefix}-index", $"What chooses the set in the {level}.", "cpu", "virtual", "physical");
    }

    /// <summary>The options.</summary>
    internal Option[] All => [_kibibytes, _ways, _cycles, _index];

    /// <summary>The level as the options want it.</summary>
    internal CacheLevel Apply(CacheLevel level, ParseResult options) => level with
    {
        Bytes = options.GetValue(_kibibytes) is > 0 and var kibibytes ? kibibytes * 1024 : level.Bytes,
        Ways = options.GetValue(_ways) is > 0 and var ways ? (int)ways : level.Ways,
        Cycles = options.GetValue(_cycles) is > 0 and var cycles ? (int)cycles : level.Cycles,
        IsVirtuallyIndexed = options.GetValue(_index) switch
        {
            "virtual" => true,
            "physical" => false,
            _ => level.IsVirtuallyIndexed,
        },
    };
}
