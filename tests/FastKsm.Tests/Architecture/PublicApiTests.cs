using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.CompilerServices;
using FastKsm.Simd;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Architecture;

/// <summary>The public surface, one line per member, approved by review of a text file.</summary>
public sealed class PublicApiTests
{
    [Fact]
    public void PublicSurface_IsTheApprovedOne()
    {
        string approvedPath = Path.Combine(Repository.Root, "tests/FastKsm.Tests/Architecture/PublicApi.approved.txt");
        string actual = string.Join('\n', Surface(typeof(PageCompare).Assembly)) + "\n";

        if (string.Equals(Environment.GetEnvironmentVariable("FASTKSM_APPROVE_API"), "1", StringComparison.Ordinal))
        {
            File.WriteAllText(approvedPath, actual);
        }

        Assert.Equal(File.ReadAllText(approvedPath), actual);
    }

    private static IEnumerable<string> Surface(Assembly assembly) => assembly
        .GetExportedTypes()
        .SelectMany(type => type
            .GetMembers(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)
            .Where(member => !member.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false))
            .Select(member => $"{type.FullName}: {member}"))
        .Order(StringComparer.Ordinal);
}
