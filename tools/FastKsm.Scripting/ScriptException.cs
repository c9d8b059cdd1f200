using System;
using System.Diagnostics.CodeAnalysis;

namespace FastKsm.Scripting;

/// <summary>A script that cannot be read, or whose performance ended early: where, and why.</summary>
[SuppressMessage("Design", "CA1032", Justification = "Without a place it would be of no use to whoever wrote the script.")]
public sealed class ScriptException : Exception
{
    /// <summary>Reports one place of a script.</summary>
    /// <param name="outcome">What kind of end this is.</param>
    /// <param name="file">Name of the script.</param>
    /// <param name="position">Where in it.</param>
    /// <param name="detail">One line: what was found, and what would be accepted.</param>
    /// <param name="innerException">What brought it to light, if anything did.</param>
    public ScriptException(
        ScriptOutcome outcome, string file, SourcePosition position, string detail, Exception? innerException = null)
        : base($"{file}:{position.Line}:{position.Column}: {detail}", innerException)
    {
        Outcome = outcome;
        File = file;
        Position = position;
        Detail = detail;
    }

    /// <summary>What kind of end this is.</summary>
    public ScriptOutcome Outcome { get; }

    /// <summary>Name of the script.</summary>
    public string File { get; }

    /// <summary>Where in it.</summary>
    public SourcePosition Position { get; }

    /// <summary>The message without its place.</summary>
    public string Detail { get; }
}
