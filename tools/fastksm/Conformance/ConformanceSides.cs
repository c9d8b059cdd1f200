using System.Collections.Generic;
using FastKsm.Cli.Conformance.Kernel;
using FastKsm.Scripting.Engine;

namespace FastKsm.Cli.Conformance;

/// <summary>The sides of a comparison with the running kernel.</summary>
internal static class ConformanceSides
{
    /// <summary>Makes them for one script: the engine with each index, and the kernel last.</summary>
    /// <param name="indexes">Indexes of the engine.</param>
    /// <param name="session">Sole use of the host's KSM.</param>
    /// <param name="migrates">Whether the script may migrate pages.</param>
    /// <param name="writesBack">Whether the script may write files back.</param>
    internal static ConformanceSide[] Create(
        IReadOnlyList<ScannerIndex> indexes, KernelSession session, bool migrates = false, bool writesBack = false)
    {
        List<ConformanceSide> sides = [];
        foreach (ScannerIndex index in indexes)
        {
            sides.Add(ConformanceSide.Engine(index, session.MachineLikeHost));
        }

        KernelPerformer kernel = new(session, migrates, writesBack);
        sides.Add(new ConformanceSide("kernel", kernel, () => kernel.Inconclusive, kernel.FindIntruder, () => kernel.Noise));
        return [.. sides];
    }
}
