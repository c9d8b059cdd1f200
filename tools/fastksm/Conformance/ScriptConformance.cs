using System.Collections.Generic;
using System.Linq;
using FastKsm.Cli.Conformance.Kernel;
using FastKsm.Scripting.Engine;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Cli.Conformance;

/// <summary>A given script on the engine and on the running kernel.</summary>
internal static class ScriptConformance
{
    // Others who touch memory at the same time may get the frames that the kernel would have moved.
    private const int MigrationAttempts = 8;

    /// <summary>How often a script is performed at most whose flush operations were disturbed.</summary>
    internal const int QuietAttempts = 12;

    /// <summary>Compares; begins again where the kernel has left a frame that the script wanted moved where it was.</summary>
    /// <param name="script">The script.</param>
    /// <param name="indexes">Indexes of the engine.</param>
    /// <param name="session">Sole use of the host's KSM.</param>
    internal static ComparisonResult Compare(Script script, IReadOnlyList<ScannerIndex> indexes, KernelSession session)
    {
        for (int attempt = 1; ; attempt++)
        {
            ConformanceSide[] sides = ConformanceSides.Create(
                indexes, session, script.Operations.Any(operation => operation is Operation.Migrate),
                script.Operations.Any(operation => operation is Operation.Synchronise));
            try
            {
                ComparisonResult result = new ScriptComparison(script, sides).Perform();
                bool again = result.IsDisturbed
                    ? attempt < QuietAttempts
                    : attempt < MigrationAttempts && sides.Any(side => side.Performer is KernelPerformer { HasLeftFrame: true });
                if (!again)
                {
                    result.Repeats = attempt - 1;
                    return result;
                }
            }
            finally
            {
                foreach (ConformanceSide side in sides)
                {
                    side.Dispose();
                }
            }
        }
    }
}
