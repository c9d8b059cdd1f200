using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Architecture;

/// <summary>Nobody is sent to a document that a clone does not have.</summary>
public sealed partial class ReferenceTests
{
    public static TheoryData<string> Folders => ["engine", "tools", "perf"];

    // Tests name rows by a table of notes (tests/scripts/README.md says of which); the product explains itself.
    [Theory]
    [MemberData(nameof(Folders))]
    public void Text_OfTheProduct_NamesNoDocumentThatIsElsewhere(string folder)
    {
        List<string> dangling = [];
        foreach (string file in Texts(folder))
        {
            dangling.AddRange(Document().Matches(File.ReadAllText(file))
                .Select(match => $"{Path.GetRelativePath(Repository.Root, file)}: {match.Value}"));
        }

        Assert.Empty(dangling);
    }

    [Theory]
    [InlineData("ksm")]
    [InlineData("rmap")]
    public void Script_OfARow_BeginsWithItsFact(string folder)
    {
        string[] scripts = Directory.GetFiles(Path.Combine(Repository.Root, "tests/scripts", folder), "*.ksm");

        Assert.NotEmpty(scripts);
        Assert.All(scripts, script => Assert.Matches("^# (ksm|rmap)\\.md [^:]+: .{12,}", File.ReadLines(script).First()));
    }

    // [text](target) of every README leads to something.
    [Fact]
    public void Link_OfAReadme_LeadsToAFile()
    {
        List<string> dead = [];
        foreach (string file in Directory.EnumerateFiles(Repository.Root, "*.md", SearchOption.AllDirectories).Where(IsSource))
        {
            dead.AddRange(Link().Matches(File.ReadAllText(file))
                .Select(match => match.Groups["target"].Value)
                .Where(target => !target.StartsWith('#') && !target.Contains("://", StringComparison.Ordinal)
                    && !Path.Exists(Path.Combine(Path.GetDirectoryName(file)!, target.Split('#')[0])))
                .Select(target => $"{Path.GetRelativePath(Repository.Root, file)}: {target}"));
        }

        Assert.Empty(dead);
    }

    private static IEnumerable<string> Texts(string folder) =>
        Directory.EnumerateFiles(Path.Combine(Repository.Root, folder), "*", SearchOption.AllDirectories)
            .Where(file => IsSource(file) && Path.GetExtension(file) is ".cs" or ".md" or ".c" or ".h" or ".sh" or ".py");

    private static bool IsSource(string file) => !file.Contains("/.artifacts/", StringComparison.Ordinal)
        && !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal);

    [GeneratedRegex("(?<![A-Za-z0-9_-])(ksm|rmap|swap|tlb-reclaim|style|design)\\.md\\b", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 30_000)]
    private static partial Regex Document();

    [GeneratedRegex("\\]\\((?<target>[^)\\s]+)\\)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 30_000)]
    private static partial Regex Link();
}
