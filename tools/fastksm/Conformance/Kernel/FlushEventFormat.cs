using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.RegularExpressions;

namespace FastKsm.Cli.Conformance.Kernel;

/// <summary>How this kernel prints its event <c>tlb:tlb_flush</c>, and the numbers by which it gives reasons.</summary>
/// <remarks>
/// All of it is read from the event's own description. A kernel that prints it in another way is none of those that can
/// be compared. Flushes at a switch of tasks, and what is done for requests of others, are no parts of an operation.
/// </remarks>
internal sealed partial class FlushEventFormat
{
    private const string Print = "print fmt: \"pages:%ld reason:%s (%d)\", REC->pages, __print_symbolic(REC->reason,";

    private readonly Dictionary<long, FlushPart> _parts;

    private FlushEventFormat(Dictionary<long, FlushPart> parts) => _parts = parts;

    /// <summary>A filter of events: those that matter, of one thread.</summary>
    /// <param name="thread">Its id.</param>
    internal string FilterOf(int thread) => string.Create(
        CultureInfo.InvariantCulture,
        $"common_pid == {thread} && ({string.Join(" || ", _parts.Keys.Select(reason => $"reason == {reason}"))})");

    /// <summary>Reads the description.</summary>
    /// <param name="description">The event's file <c>format</c>.</param>
    /// <returns>Null if the kernel prints it in another way than is known.</returns>
    internal static FlushEventFormat? TryRead(string description)
    {
        Dictionary<long, FlushPart> parts = [];
        int print = description.IndexOf(Print, StringComparison.Ordinal);
        foreach (Match reason in print < 0 ? Enumerable.Empty<Match>() : Reason().Matches(description[print..]))
        {
            FlushPart? part = reason.Groups["text"].Value switch
            {
                "remote IPI send" => FlushPart.Sent,
                "local shootdown" or "local MM shootdown" => FlushPart.OwnCpu,
                _ => null,
            };
            if (part is { } known)
            {
                parts.Add(NumberOf(reason.Groups["number"]), known);
            }
        }

        return parts.Count == 3 ? new FlushEventFormat(parts) : null;
    }

    /// <summary>Reads a line of the trace.</summary>
    /// <param name="line">The line.</param>
    /// <returns>Null if it is none of the events that matter.</returns>
    internal FlushEvent? TryParse(string line) =>
        Event().Match(line) is { Success: true } found
        && _parts.TryGetValue(NumberOf(found.Groups["reason"]), out FlushPart part)
            ? new FlushEvent(part, NumberOf(found.Groups["pages"]))
            : null;

    private static long NumberOf(Group digits) =>
        long.Parse(digits.ValueSpan, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);

    [GeneratedRegex(
        """\{ (?<number>[0-9]+), "(?<text>[^"]*)" \}""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Reason();

    [GeneratedRegex(
        @": tlb_flush: pages:(?<pages>-?[0-9]+) reason:[^(]*\((?<reason>[0-9]+)\)$", RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex Event();
}
