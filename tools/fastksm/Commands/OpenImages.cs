using System;
using System.Collections.Generic;
using FastKsm.Cli.Offline;

namespace FastKsm.Cli.Commands;

/// <summary>Images that are open, and are closed together.</summary>
/// <param name="All">The images.</param>
internal sealed record OpenImages(IReadOnlyList<MemoryImage> All) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (MemoryImage image in All)
        {
            image.Dispose();
        }
    }
}
