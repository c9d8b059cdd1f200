using System.Collections.Generic;
using FastKsm.Cli.Offline;
using FastKsm.Cli.Offline.Criu;

namespace FastKsm.Cli.Commands;

/// <summary>Memory in files, as it was named on the command line.</summary>
/// <param name="Cores">ELF cores.</param>
/// <param name="Images">Raw memory.</param>
/// <param name="CriuDirectories">Directories of checkpoint images.</param>
internal sealed record ImageArguments(string[] Cores, string[] Images, string[] CriuDirectories)
{
    /// <summary>Whether there is none.</summary>
    internal bool IsEmpty => Cores.Length == 0 && Images.Length == 0 && CriuDirectories.Length == 0;

    /// <summary>Opens them all.</summary>
    /// <exception cref="ToolException">One is broken.</exception>
    internal OpenImages Open()
    {
        List<MemoryImage> all = [];
        OpenImages open = new(all);
        try
        {
            foreach (string path in Cores)
            {
                all.Add(CoreFile.Open(path));
            }

            foreach (string path in Images)
            {
                all.Add(RawImage.Open(path));
            }

            foreach (string path in CriuDirectories)
            {
                all.AddRange(CriuDump.Open(path));
            }

            return open;
        }
        catch
        {
            open.Dispose();
            throw;
        }
    }
}
