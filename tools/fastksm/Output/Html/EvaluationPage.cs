using System.Collections.Generic;
using System.Globalization;
using System.IO;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Output.Html;

/// <summary>
/// An evaluation as one page: verdict, what becomes of the pages, whose they are, what merges, why not more, price.
/// </summary>
internal static class EvaluationPage
{
    /// <summary>Writes the page.</summary>
    /// <param name="output">Receives it.</param>
    /// <param name="result">What to show.</param>
    /// <param name="price">What scanning would cost.</param>
    /// <param name="host">What KSM does on the host today; null where there is none.</param>
    /// <param name="view">How much of it.</param>
    internal static void Write(TextWriter output, EvaluationResult result, ScanPrice price, HostKsmCounters? host, ReportView view)
    {
        Verdict verdict = Verdict.Of(result, host);
        ReportNote[] notes = [.. EvaluationNotes.Of(result, price, verdict, showVmas: true)];
        string foot = string.Create(
            CultureInfo.InvariantCulture,
            $"fastksm evaluate {view.Selection}. Linux {result.Host.KernelRelease}, max_page_sharing={result.Options.MaxPageSharing}, "
            + $"use_zero_pages={(result.Options.UseZeroPages ? 1 : 0)}; took {Wording.Seconds(result.Elapsed.TotalSeconds)}. No content of a page "
            + $"is in this file, nor a checksum of it.");
        HtmlPage.Write(output, $"{VerdictWording.Lead(verdict)} fastksm", foot, html =>
        {
            WriteVerdict(html, result, price, host, view, verdict);
            WriteNotes(html, notes, NotePriority.Warning, "warning");
            WritePages(html, result);
            OwnerSections.Write(html, result, view);
            MemorySections.Write(html, result, view);
            PriceSection.Write(html, result, price, view);
            _ = html.Open("section").Element("h2", "Notes");
            WriteNotes(html, notes, NotePriority.Fact, "note");
            _ = html.Close();
        });
    }

    private static void WriteVerdict(
        HtmlWriter html, EvaluationResult result, ScanPrice price, HostKsmCounters? host, ReportView view, Verdict verdict)
    {
        double read = result.Pages * (double)result.PageSize;
        _ = html.Open("section", ("class", $"verdict {VerdictWording.KeyOf(verdict.Kind)}"))
            .Element("h1", VerdictWording.Lead(verdict).TrimEnd(':'))
            .Element("p", Sentence(VerdictWording.Reason(verdict, result, host)))
            .Open("div", ("class", "figures"));
        Figure(html, Wording.Bytes(verdict.Saved), "would be saved");
        Figure(html, read > 0 ? Wording.Percent(verdict.Saved / read) : "0 %", $"of {Wording.Bytes(read)} read");
        Figure(html, Wording.Seconds(price.Current.ScanSeconds), "a scan, as set up today");
        Figure(html, Wording.Percent(price.Current.CpuShare), "of one CPU for that");
        _ = html.Close();
        if (VerdictWording.Price(result, price) is { Length: > 0 } cost)
        {
            _ = html.Element("p", $"Price: {cost}", ("class", "muted"));
        }

        (string command, string text) = VerdictWording.Next(verdict, view.Selection, price.Target is not null);
        _ = html.Open("p").Element("strong", command.Length > 0 ? $"Next, {text}:" : $"Next: {text}").Close();
        _ = command.Length > 0 ? html.Element("pre", command) : html;
        _ = html.Close();
    }

    private static void Figure(HtmlWriter html, string figure, string name) =>
        html.Open("div").Element("b", figure).Element("span", name).Close();

    private static void WriteNotes(HtmlWriter html, IEnumerable<ReportNote> notes, NotePriority priority, string kind)
    {
        foreach (ReportNote note in notes)
        {
            _ = note.Priority == priority ? html.Element("p", note.Text, ("class", kind)) : html;
        }
    }

    private static void WritePages(HtmlWriter html, EvaluationResult result)
    {
        MergeForecast total = result.Total;
        (string Class, string Name, double Size, string Figure) Part(string colour, string name, long pages) =>
            (colour, name, pages, $"{Wording.Count(pages)} pages, {Wording.Bytes(pages * (double)result.PageSize)}");

        _ = html.Open("section").Element("h2", "What becomes of the pages");
        StackedBar.Write(html, "What becomes of the pages that were read; the figures are in the list below", [
            Part("merged", "on a KSM page", total.PagesShared + total.PagesSharing),
            Part("zero", "on the zero frame, or gone with a huge page", total.KsmZeroPages + total.DroppedBySplit),
            Part("unique", "unique, looked up in vain", total.PagesUnshared),
            Part("volatile", "shared by fork alone, or changing", total.PagesVolatile),
        ]);
        HtmlTable.Open(html, "The counters at which ksmd would settle", ("ksmd would settle at", "name"), (string.Empty, string.Empty), (string.Empty, "remark wide"));
        foreach ((string name, string figure, string remark) in CounterRows.Of(result))
        {
            _ = html.Open("tr");
            HtmlTable.Cell(html, name, "name");
            HtmlTable.Cell(html, figure);
            HtmlTable.Cell(html, remark, "remark wide");
            _ = html.Close();
        }

        HtmlTable.Close(html);
        _ = html.Close();
    }

    private static string Sentence(string text) => text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..];
}
