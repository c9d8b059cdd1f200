using System;
using System.IO;

namespace FastKsm.Tests.Cli.Offline;

/// <summary>A directory for one test's files.</summary>
internal sealed class TemporaryFiles : IDisposable
{
    /// <summary>The directory.</summary>
    internal string Root { get; } = Directory.CreateTempSubdirectory("fastksm-offline-").FullName;

    /// <summary>Writes a file.</summary>
    internal string Write(string name, byte[] bytes)
    {
        string path = Path.Combine(Root, name);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
