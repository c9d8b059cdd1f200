using System;
using System.Linq;
using FastKsm.Scripting.Printing;
using FastKsm.Scripting.Syntax;
using Xunit;

namespace FastKsm.Tests.Scripting;

public sealed class ScriptPrinterTests
{
    public static TheoryData<string> Files => [.. ScriptFiles.All];

    [Theory]
    [MemberData(nameof(Files))]
    public void Print_Script_ReadsAsTheSame(string name)
    {
        Script script = ScriptFiles.Read(name);

        Script again = ScriptFiles.Parse(ScriptPrinter.Print(script.Operations));

        Assert.Equal(script.Operations, again.Operations);
    }

    [Fact]
    public void Equals_OperationsThatDoOtherThings_AreNotEqual()
    {
        Operation[] operations = [.. ScriptFiles.Read("language/every-operation.ksm").Operations.Distinct()];
        string[] printed = [.. operations.Select(ScriptPrinter.Print)];

        Assert.Equal(printed.Distinct(StringComparer.Ordinal).Count(), operations.Length);
        Assert.Equal(ScriptFiles.Read("language/every-operation.ksm").Operations.Count, operations.Length);
    }

    [Fact]
    public void Equals_SameOperationElsewhere_IsEqual()
    {
        Script one = ScriptFiles.Parse("expect A.b=1\nksm run=1\npin A heap[3] write");
        Script other = ScriptFiles.Parse("\n  expect   A.b=0x1\n\n\tksm   run=1\n#\npin A  heap[3..3] write");

        Assert.Equal(one.Operations, other.Operations);
        Assert.Equal(one.Operations.GetHashCode(), other.Operations.GetHashCode());
        Assert.NotEqual(one.Operations[0].Position, other.Operations[0].Position);
    }
}
