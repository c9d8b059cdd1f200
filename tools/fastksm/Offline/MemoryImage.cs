using System;
using System.Collections.Generic;

namespace FastKsm.Cli.Offline;

/// <summary>The memory of one process or machine, in files.</summary>
/// <param name="Source">The file or directory, for messages.</param>
/// <param name="Pid">Its id when it lived; 0 where that is not known.</param>
/// <param name="UserId">Its user.</param>
/// <param name="Name">Its name.</param>
/// <param name="CommandLine">Its arguments, and the file.</param>
/// <param name="Segments">Its pages, by ascending address.</param>
internal sealed record MemoryImage(
    string Source, int Pid, uint UserId, string Name, string CommandLine, IReadOnlyList<ImageSegment> Segments) : IDisposable
{
    /// <summary>
    /// Whether pages of zeroes may stand for pages that never were there: a core made by a debugger has zeroes for both, so they are
    /// left out.
    /// </summary>
    internal bool ZeroesMayBeAbsent { get; init; }

    /// <summary>Pages that the files only refer to: they are in another dump.</summary>
    internal long PagesElsewhere { get; init; }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (ImageSegment segment in Segments)
        {
            segment.File.Dispose();
        }
    }
}
