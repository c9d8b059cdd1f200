using System;
using System.Globalization;
using System.IO;

namespace FastKsm.Cli.Output;

/// <summary>Events of same-page merging as lines of text: <c>ksm_merge_one_page pfn=6 rmap_item=3 mm=1 err=0</c>.</summary>
/// <remarks>Two runs that did the same leave the same bytes, whatever the host. Thread safety: none.</remarks>
internal sealed class EventLog : IDisposable
{
    private readonly StreamWriter _lines;

    private EventLog(StreamWriter lines) => _lines = lines;

    /// <summary>Opens a file, which is emptied first.</summary>
    /// <param name="command">Who asks, for the message.</param>
    /// <param name="path">The file.</param>
    /// <exception cref="ToolException">It cannot be written.</exception>
    internal static EventLog Open(string command, string path)
    {
        try
        {
            // Without an encoding StreamWriter writes UTF-8 without a mark; a newline is one byte on every host.
            return new EventLog(new StreamWriter(path) { NewLine = "\n" });
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new ToolException(ExitCode.BadInput, $"{command}: cannot write the events to {path}: {exception.Message}");
        }
    }

    /// <summary>Writes an event.</summary>
    internal void Add(KsmEvent what)
    {
        _lines.Write(what.Name);
        for (int i = 0; i < what.FieldNames.Count; i++)
        {
            _lines.Write(string.Create(CultureInfo.InvariantCulture, $" {what.FieldNames[i]}={what[i]}"));
        }

        _lines.WriteLine();
    }

    /// <inheritdoc/>
    public void Dispose() => _lines.Dispose();
}
