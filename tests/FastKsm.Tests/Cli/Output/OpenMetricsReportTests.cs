using System;
using System.Collections.Generic;
using System.IO;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.Output;
using Xunit;

namespace FastKsm.Tests.Cli.Output;

public sealed class OpenMetricsReportTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Write_Result_IsOpenMetricsText(bool byOwner)
    {
        EvaluationResult result = EvaluationResults.Random(4, ["plain", "quo\"te\\", "new\nline", "zombie"]);
        using StringWriter output = new();
        ScanPrice price = EvaluationResults.PriceOf(result);

        OpenMetricsReport.Write(result, price, host: null, byOwner ? OwnerKind.Command : null, output);

        string[] lines = output.ToString().Split('\n');
        Assert.Equal(string.Empty, lines[^1]);
        Assert.Equal("# EOF", lines[^2]);
        HashSet<string> declared = new(StringComparer.Ordinal);
        string family = string.Empty;
        foreach (string line in lines[..^2])
        {
            if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
            {
                family = line.Split(' ')[2];
                Assert.True(declared.Add(family), $"{family} is declared twice");
                Assert.Matches("^fastksm_[a-z_]+$", family);
                continue;
            }

            if (line.StartsWith("# UNIT ", StringComparison.Ordinal))
            {
                Assert.EndsWith("_" + line.Split(' ')[3], family, StringComparison.Ordinal);
                continue;
            }

            // A sample stands under the declaration of its family, with a value that is a number.
            Assert.Matches($"^(# HELP {family} .+|{family}({{([a-z_]+=\"([^\"\\\\\n]|\\\\[\\\\\"n])*\",?)+}})? (-?[0-9.]+([eE][+-]?[0-9]+)?|[+]Inf))$", line);
        }

        Assert.Equal(byOwner, declared.Contains("fastksm_owner_saving_bytes"));
        Assert.Contains("fastksm_verdict", declared);
    }
}
