using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.Output;
using FastKsm.Cli.Output.Html;
using Xunit;

namespace FastKsm.Tests.Cli.Output.Html;

/// <summary>
/// The page as a browser gets it: well-formed, whole in itself, with nothing of anybody's name as markup.
/// </summary>
public sealed partial class EvaluationPageTests
{
    private const string Evil = "<script>alert(1)</script>\u001b[2J\u202e\"'&]]>";

    [Theory]
    [InlineData(1, null)]
    [InlineData(7, "Command")]
    [InlineData(60, "Unit")]
    public void Write_AnyResult_IsWellFormedAndWholeInItself(int processes, string? by)
    {
        string text = Page(Names(processes), by is null ? null : Enum.Parse<OwnerKind>(by));
        XDocument page = Parse(text);

        Assert.Equal("html", page.Root!.Name.LocalName);
        Assert.Equal("en", page.Root.Attribute("lang")!.Value);
        Assert.Single(page.Descendants("h1"));
        Assert.NotEmpty(page.Descendants("h2"));
        Assert.Empty(page.Descendants("script"));
        Assert.Empty(page.Descendants("link"));
        Assert.Empty(page.Descendants("img"));
        Assert.DoesNotContain(page.Descendants().Attributes(), attribute =>
            attribute.Name.LocalName is "src" or "href" or "style" || attribute.Name.LocalName.StartsWith("on", StringComparison.Ordinal));
        Assert.DoesNotContain("url(", text, StringComparison.Ordinal);
        Assert.DoesNotContain("://", text, StringComparison.Ordinal);
        Assert.Contains("default-src 'none'", text.Replace("&#39;", "'", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public void Write_HostileNames_AreText()
    {
        XDocument page = Parse(Page([Evil, Evil + "2", "zombie"], by: null));

        Assert.Empty(page.Descendants("script"));
        Assert.Contains(page.Descendants("td"), cell => cell.Value.Contains("<script>alert(1)", StringComparison.Ordinal));
        Assert.DoesNotContain('\u001b', page.ToString());
        Assert.DoesNotContain('\u202e', page.ToString());
    }

    [Fact]
    public void Write_Structure_IsForEveryReader()
    {
        XDocument page = Parse(Page(Names(30), OwnerKind.Command));

        // A drawing has a description, or says that what is beside it tells the same.
        Assert.All(page.Descendants("svg"), svg => Assert.True(
            svg.Attribute("aria-hidden") is not null || (svg.Attribute("role")?.Value is "img" && svg.Attribute("aria-label")?.Value.Length > 10)));
        Assert.All(page.Descendants("table"), table => Assert.All(
            table.Element("thead")!.Descendants("th"), heading => Assert.Equal("col", heading.Attribute("scope")!.Value)));
        Assert.All(page.Descendants("tr").Where(row => row.Parent!.Name.LocalName is "tbody"), row => Assert.Equal(
            row.Parent!.Parent!.Element("thead")!.Descendants("th").Count(), row.Elements("td").Count()));

        // Coordinates stay within the drawing.
        foreach (XElement rect in page.Descendants("rect"))
        {
            double width = double.Parse(rect.Attribute("width")!.Value, CultureInfo.InvariantCulture);
            Assert.InRange(width, 0, 1000);
        }

        HashSet<string> known = [.. Variable().Matches(HtmlPalette.Rules()).Select(match => match.Groups["name"].Value)];
        Assert.All(Use().Matches(page.Descendants("style").Single().Value), use => Assert.Contains(use.Groups["name"].Value, known));
    }

    [Fact]
    public void Write_WhyNotMore_HasTheReasonsOfTheReportForPeople()
    {
        EvaluationResult result = EvaluationResults.Random(7, Names(30));
        using StringWriter output = new();
        EvaluationPage.Write(output, result, EvaluationResults.PriceOf(result), host: null, new ReportView(ShowVmas: true, Top: 20, "--all", null));

        XElement section = Parse(output.ToString()).Descendants("section").Single(part => part.Element("h2")?.Value is "Why not more");
        (string, string)[] shown =
            [.. section.Descendants("tbody").Elements("tr").Select(row => (row.Elements("td").First().Value, row.Elements("td").Last().Value))];

        Assert.NotEmpty(shown);
        Assert.Equal(
            [.. ObstaclesReport.Shown(result).Select(reason =>
                (ObstacleWording.NameOf(reason.Kind), ObstacleWording.Remark(reason.Kind, isNearlyKnown: false)))],
            shown);
    }

    [Fact]
    public void Write_FiveHundredProcesses_IsBelowTwoMegabytesAndHasAllOfThem()
    {
        string text = Page(Names(500), by: null);

        Assert.InRange(Encoding.UTF8.GetByteCount(text), 10_000, 2_000_000);
        Assert.All(Enumerable.Range(0, 499), i => Assert.Contains($"process-{i}-", text, StringComparison.Ordinal)); // The last is a zombie.
    }

    private static string[] Names(int count) =>
        [.. Enumerable.Range(0, count).Select(i => string.Create(CultureInfo.InvariantCulture, $"process-{i}- --with some=arguments <{i}>"))];

    private static string Page(IReadOnlyList<string> names, OwnerKind? by)
    {
        EvaluationResult result = EvaluationResults.Random(7, names);
        using StringWriter output = new();
        EvaluationPage.Write(output, result, EvaluationResults.PriceOf(result), host: null, new ReportView(ShowVmas: true, Top: 20, "--all", by));
        return output.ToString();
    }

    private static XDocument Parse(string text)
    {
        using StringReader source = new(text);
        using XmlReader reader = XmlReader.Create(source, new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore });
        return XDocument.Load(reader);
    }

    [GeneratedRegex("--(?<name>[a-z]+):", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Variable();

    [GeneratedRegex("var\\(--(?<name>[a-z]+)\\)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Use();
}
