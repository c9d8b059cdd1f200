using FastKsm.Scripting.Engine;
using Xunit;

namespace FastKsm.Tests.Scripting;

/// <summary>The scripts of <c>tests/scripts</c>, the rows of the conformance tables among them.</summary>
public sealed class ScriptFileTests
{
    public static MatrixTheoryData<string, ScannerIndex> Files =>
        new([.. ScriptFiles.Runnable], [ScannerIndex.Fingerprint, ScannerIndex.Tree]);

    [Theory]
    [MemberData(nameof(Files))]
    public void Run_ScriptFile_HoldsToItsEnd(string name, ScannerIndex index)
    {
        using Performance performance = Performance.StepByStep(ScriptFiles.Read(name), index);

        Assert.Null(performance.End);
        Assert.True(performance.Runner.ExpectationsHeld > 0, "A script that expects nothing shows nothing.");
    }
}
