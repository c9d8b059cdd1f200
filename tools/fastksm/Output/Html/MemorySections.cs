using System;
using System.Collections.Generic;
using System.Linq;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.Evaluation.Reasons;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Output.Html;

/// <summary>What merges, by kind of memory; and what does not, with the reason.</summary>
internal static class MemorySections
{
    private const int MostKinds = 12;

    /// <summary>Writes both.</summary>
    internal static void Write(HtmlWriter html, EvaluationResult result, ReportView view)
    {
        WriteKinds(html, result);
        WriteReasons(html, result);
        if (view.ShowVmas)
        {
            WriteMarking(html, result, view);
        }
    }

    /// <summary>Kind of a VMA's memory, in words that a reader knows from smaps.</summary>
    internal static string KindOf(in Vma vma) => vma.Name switch
    {
        "" => "anonymous",
        "[heap]" => "heap",
        _ when vma.Name.StartsWith("[stack", StringComparison.Ordinal) => "stack",
        _ when vma.IsOfFile => "written pages of private files",
        _ => vma.Name.Trim('[', ']'),
    };

    private static void WriteKinds(HtmlWriter html, EvaluationResult result)
    {
        Dictionary<string, PageCounts> kinds = new(StringComparer.Ordinal);
        foreach (ProcessForecast process in result.Processes)
        {
            foreach (VmaForecast vma in process.Vmas)
            {
                PageCounts counts = vma.Counts;
                if (counts.Pages > 0)
                {
                    PageCounts sum = kinds.GetValueOrDefault(KindOf(vma.Vma));
                    sum.Add(counts);
                    kinds[KindOf(vma.Vma)] = sum;
                }
            }
        }

        if (kinds.Count == 0)
        {
            return;
        }

        KeyValuePair<string, PageCounts>[] rows =
        [
            .. kinds.OrderByDescending(kind => kind.Value.Profit(result.PageSize)).ThenBy(kind => kind.Key, StringComparer.Ordinal).Take(MostKinds),
        ];
        double most = rows.Max(row => row.Value.Profit(result.PageSize));
        _ = html.Open("section").Element("h2", "What merges");
        HtmlTable.Open(
            html, "Saving by kind of memory", ("memory", "name"), ("read", "wide"), ("zeroes", "wide"), ("equal inside", "wide"),
            ("equal with others", string.Empty), ("profit", string.Empty), (string.Empty, "bar"));
        foreach ((string kind, PageCounts counts) in rows)
        {
            _ = html.Open("tr");
            HtmlTable.Cell(html, kind, "name");
            HtmlTable.Cell(html, Wording.Bytes(counts.Pages * (double)result.PageSize), "wide");
            HtmlTable.Cell(html, Wording.Count(counts.ZeroContent), "wide");
            HtmlTable.Cell(html, Wording.Count(counts.DuplicatesInside), "wide");
            HtmlTable.Cell(html, Wording.Count(counts.DuplicatesWithOthers));
            HtmlTable.Cell(html, Wording.Bytes(counts.Profit(result.PageSize)));
            Bars.Cell(html, counts.Profit(result.PageSize), most);
            _ = html.Close();
        }

        HtmlTable.Close(html);
        _ = html.Close();
    }

    // The same reasons, in the same words and order, as in the report for people.
    private static void WriteReasons(HtmlWriter html, EvaluationResult result)
    {
        IReadOnlyList<MergeObstacle> obstacles = ObstaclesReport.Shown(result);
        if (obstacles.Count == 0)
        {
            return;
        }

        _ = html.Open("section").Element("h2", "Why not more");
        HtmlTable.Open(html, "Memory that does not merge", ("memory", "name"), ("size", string.Empty), (string.Empty, "bar wide"), ("why", "remark"));
        foreach (MergeObstacle obstacle in obstacles)
        {
            _ = html.Open("tr");
            HtmlTable.Cell(html, ObstacleWording.NameOf(obstacle.Kind), "name");
            HtmlTable.Cell(html, Wording.Bytes(obstacle.Bytes));
            Bars.Cell(html, obstacle.Bytes, obstacles[0].Bytes, "bar wide");
            HtmlTable.Cell(html, ObstacleWording.Remark(obstacle.Kind, result.Nearly is not null), "remark");
            _ = html.Close();
        }

        HtmlTable.Close(html);
        _ = html.Close();
    }

    private static void WriteMarking(HtmlWriter html, EvaluationResult result, ReportView view)
    {
        var ranges = result.Processes
            .SelectMany(process => process.Vmas.Where(vma => vma.IsWorthMarking).Select(vma => (process.Process.Pid, Forecast: vma)))
            .OrderByDescending(range => range.Forecast.Counts.Profit(result.PageSize))
            .Take(view.Top)
            .ToList();
        if (ranges.Count == 0)
        {
            return;
        }

        _ = html.Open("section").Element("h2", "VMAs worth marking");
        HtmlTable.Open(html, "VMAs worth marking", ("pid", string.Empty), ("madvise (start, length)", "name"), ("profit", string.Empty), ("name", "name"));
        foreach ((int pid, VmaForecast range) in ranges)
        {
            _ = html.Open("tr");
            HtmlTable.Cell(html, pid.ToString(System.Globalization.CultureInfo.InvariantCulture));
            HtmlTable.Cell(html, $"0x{range.Vma.Start:x}, 0x{range.Vma.Length:x}", "name");
            HtmlTable.Cell(html, Wording.Bytes(range.Counts.Profit(result.PageSize)));
            HtmlTable.Cell(html, range.Vma.Name.Length > 0 ? Wording.Tail(range.Vma.Name) : "anonymous", "name");
            _ = html.Close();
        }

        HtmlTable.Close(html);
        _ = html.Close();
    }
}
