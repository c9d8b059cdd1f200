using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Output.Html;

/// <summary>Whose pages they are: by owner, and process by process.</summary>
internal static class OwnerSections
{
    // A page with more rows than this takes longer to open than anyone waits.
    private const int MostRows = 2000;

    /// <summary>Writes both.</summary>
    internal static void Write(HtmlWriter html, EvaluationResult result, ReportView view)
    {
        WriteOwners(html, result, view, view.By ?? OwnerKind.Command);
        WriteProcesses(html, result, view);
    }

    private static void WriteOwners(HtmlWriter html, EvaluationResult result, ReportView view, OwnerKind kind)
    {
        IReadOnlyList<OwnerForecast> owners = OwnerForecast.Of(result, kind);
        int processes = result.Count(ReadStatus.Read);
        if (owners.Count == 0 || (view.By is null && owners.Count == processes))
        {
            return; // It would be the table of processes again.
        }

        _ = html.Open("section").Element("h2", $"By {Wording.KeyOf(kind)}");
        double most = owners.Max(owner => owner.Profit);
        Rows(html, owners, view.Top, "owners", rows =>
        {
            HtmlTable.Open(
                html, $"Saving by {Wording.KeyOf(kind)}", (Wording.KeyOf(kind), "name"), ("processes", "wide"), ("marked today", "wide"),
                ("read", "wide"), ("merging", string.Empty), ("profit", string.Empty), (string.Empty, "bar"));
            foreach (OwnerForecast owner in rows)
            {
                _ = html.Open("tr");
                HtmlTable.Cell(html, owner.Owner, "name");
                HtmlTable.Cell(html, Wording.Count(owner.Processes), "wide");
                HtmlTable.Cell(html, Wording.Count(owner.MarkedToday), "wide");
                HtmlTable.Cell(html, Wording.Bytes(owner.Counts.Pages * (double)result.PageSize), "wide");
                HtmlTable.Cell(html, Share(owner.Counts));
                HtmlTable.Cell(html, Wording.Bytes(owner.Profit));
                Bars.Cell(html, owner.Profit, most);
                _ = html.Close();
            }

            HtmlTable.Close(html);
        });
        _ = html.Close();
    }

    private static void WriteProcesses(HtmlWriter html, EvaluationResult result, ReportView view)
    {
        ProcessForecast[] read = [.. result.Processes.Where(process => process.Process.Status == ReadStatus.Read)];
        if (read.Length == 0)
        {
            return;
        }

        double most = read.Max(process => process.ProcessProfit(result.PageSize));
        _ = html.Open("section").Element("h2", "By process");
        Rows(html, read, view.Top, "processes", rows =>
        {
            HtmlTable.Open(
                html, "Saving by process", ("pid", "wide"), ("process", "name"), ("read", "wide"), ("zeroes", "wide"), ("merging", string.Empty),
                ("with others", "wide"), ("profit", string.Empty), (string.Empty, "bar"));
            foreach (ProcessForecast process in rows)
            {
                PageCounts counts = process.Counts;
                long profit = process.ProcessProfit(result.PageSize);
                _ = html.Open("tr");
                HtmlTable.Cell(html, process.Process.Pid.ToString(CultureInfo.InvariantCulture), "wide");
                HtmlTable.Cell(html, Wording.Title(process.Process.Stat.Name, process.Process.CommandLine), "name");
                HtmlTable.Cell(html, Wording.Bytes(counts.Pages * (double)result.PageSize), "wide");
                HtmlTable.Cell(html, Wording.Count(counts.ZeroContent), "wide");
                HtmlTable.Cell(html, Share(counts));
                HtmlTable.Cell(html, Wording.Count(counts.DuplicatesWithOthers), "wide");
                HtmlTable.Cell(html, Wording.Bytes(profit));
                Bars.Cell(html, profit, most);
                _ = html.Close();
            }

            HtmlTable.Close(html);
        });
        _ = html.Element(
                "p",
                "Profit is Linux's ksm_process_profit: pages that end on a KSM page or the zero frame, less 64 bytes for each record. It counts "
                + "what fork shares already as saved, so the rows add up to more than the verdict says.",
                ("class", "muted"))
            .Close();
    }

    private static string Share(in PageCounts counts) => counts.Pages > 0
        ? Wording.Percent((counts.Merging + counts.PlacedZero + counts.DroppedBySplit) / (double)counts.Pages)
        : "0.0 %";

    // The first rows are open, the others behind a line that opens them.
    private static void Rows<T>(HtmlWriter html, IReadOnlyList<T> all, int top, string what, Action<IEnumerable<T>> table)
    {
        table(all.Take(top));
        int rest = Math.Min(all.Count, MostRows) - top;
        if (rest > 0)
        {
            _ = html.Open("details").Element("summary", $"{Wording.Count(rest)} more {what}");
            table(all.Skip(top).Take(rest));
            _ = html.Close();
        }

        if (all.Count > MostRows)
        {
            _ = html.Element("p", $"{Wording.Count(all.Count - MostRows)} more {what} are left out of this page; --json has them all.", ("class", "muted"));
        }
    }
}
