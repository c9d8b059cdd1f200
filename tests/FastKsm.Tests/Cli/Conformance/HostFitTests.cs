using FastKsm.Cli.Conformance;
using FastKsm.Scripting.Engine;
using Xunit;

namespace FastKsm.Tests.Cli.Conformance;

/// <summary>One trait that the engine has not been told of gives one message; machines of two kinds stand for engine and host.</summary>
public sealed class HostFitTests
{
    [Fact]
    public void FindMisfit_SameKind_FindsNothing() =>
        Assert.Null(HostFit.FindMisfit(() => [Machine(new MachineOptions()), Machine(new MachineOptions())]));

    [Fact]
    public void FindMisfit_HostWithoutZeroFrameOnReads_NamesIt() =>
        Assert.StartsWith(
            "what a read of untouched memory maps (",
            HostFit.FindMisfit(() => [Machine(new MachineOptions()), Machine(new MachineOptions { ZeroFrameReads = false })]),
            System.StringComparison.Ordinal);

    [Fact]
    public void FindMisfit_DifferenceThatDoesNotComeAgain_IsNoTrait()
    {
        int made = 0;

        string? misfit = HostFit.FindMisfit(
            () => [Machine(new MachineOptions()), Machine(new MachineOptions { ZeroFrameReads = made++ % 4 == 3 })]);

        Assert.Null(misfit);
        Assert.True(made > 9, "Some were performed again.");
    }

    [Fact]
    public void FindMisfit_HostWhoseSplitsKeepZeroes_NamesIt() =>
        Assert.StartsWith(
            "zeroes of a huge page that is taken apart (",
            HostFit.FindMisfit(() => [Machine(new MachineOptions()), Machine(new MachineOptions { ZeroFrameSplits = false })]),
            System.StringComparison.Ordinal);

    private static ConformanceSide Machine(MachineOptions options) => ConformanceSide.Engine(ScannerIndex.Tree, options);
}
