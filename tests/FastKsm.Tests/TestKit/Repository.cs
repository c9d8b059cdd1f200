using System;
using System.IO;

namespace FastKsm.Tests.TestKit;

/// <summary>Where the sources of this test run lie.</summary>
/// <remarks>Found from where the tests run: the paths that the compiler knows are mapped away in a reproducible build.</remarks>
internal static class Repository
{
    /// <summary>The top folder of the checkout.</summary>
    internal static string Root { get; } = Find();

    private static string Find()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !File.Exists(Path.Combine(directory, "FastKsm.sln")))
        {
            directory = Path.GetDirectoryName(directory);
        }

        return directory ?? throw new DirectoryNotFoundException("The tests run outside of a checkout: no FastKsm.sln above them.");
    }
}
