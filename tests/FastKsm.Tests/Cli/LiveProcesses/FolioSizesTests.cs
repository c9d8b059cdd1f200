using System.IO;
using FastKsm.Cli.LiveProcesses;
using Xunit;

namespace FastKsm.Tests.Cli.LiveProcesses;

/// <summary>Which folios a host gives, from the files of its settings.</summary>
public sealed class FolioSizesTests
{
    private const string Never = "always inherit madvise [never]";
    private const string Inherit = "always [inherit] madvise never";

    // Sizes in kB: 16, 64 and 2048. Huge pages are asked about anyway.
    [Theory]
    [InlineData("always [madvise] never", Never, Never, Inherit, 0)]
    [InlineData("[always] madvise never", Never, Never, "[always] inherit madvise never", 0)]
    [InlineData("always madvise [never]", Never, "always inherit [madvise] never", Inherit, 16)]
    [InlineData("always madvise [never]", "[always] inherit madvise never", "always inherit [madvise] never", Never, 4)]
    [InlineData("always [madvise] never", Never, Inherit, Never, 16)]
    [InlineData("always madvise [never]", Inherit, Inherit, Inherit, 0)]
    public void Read_Settings_GivesTheSmallestThatIsOn(string top, string small, string middle, string huge, int expected)
    {
        string directory = Directory.CreateTempSubdirectory("fastksm-folios-").FullName;
        try
        {
            File.WriteAllText(directory + "/enabled", top + "\n");
            foreach ((int kilobytes, string setting) in new[] { (16, small), (64, middle), (2048, huge) })
            {
                string size = $"{directory}/hugepages-{kilobytes}kB";
                _ = Directory.CreateDirectory(size);
                File.WriteAllText(size + "/enabled", setting + "\n");
            }

            Assert.Equal((ulong)expected, FolioSizes.Read(directory, pageSize: 4096).SmallestPages);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public void Read_HostWithoutThem_GivesNone() => Assert.Equal(0UL, FolioSizes.Read("/nowhere/transparent_hugepage").SmallestPages);
}
