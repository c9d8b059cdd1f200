using System;
using System.Collections.Generic;
using System.Linq;
using FastKsm.Cli.Evaluation;
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

    private static void WriteReasons(HtmlWriter html, EvaluationResult result)
    {
        (string What, long Bytes, string Why)[] rows = [.. Reasons(result).Where(reason => reason.Bytes > 0)];
        if (rows.Length == 0)
        {
            return;
        }

        double most = rows.Max(row => row.Bytes);
        _ = html.Open("section").Element("h2", "Why not more");
        HtmlTable.Open(html, "Memory that does not merge", ("memory", "name"), ("size", string.Empty), (string.Empty, "bar wide"), ("why", "remark"));
        foreach ((string what, long bytes, string why) in rows.OrderByDescending(row => row.Bytes))
        {
            _ = html.Open("tr");
            HtmlTable.Cell(html, what, "name");
            HtmlTable.Cell(html, Wording.Bytes(bytes));
            Bars.Cell(html, bytes, most, "bar wide");
            HtmlTable.Cell(html, why, "remark");
            _ = html.Close();
        }

        HtmlTable.Close(html);
        _ = html.Close();
    }

    private static IEnumerable<(string What, long Bytes, string Why)> Reasons(EvaluationResult result)
    {
        long size = result.PageSize;
        yield return ("unique pages", result.Total.PagesUnshared * size, "no other page that was read has this content");
        yield return ("shared, or changing", result.Total.PagesVolatile * size, "fork shares them already, or they changed while they were watched");
        yield return (
            "ksmd's records", result.Total.RmapItems * MergeForecast.RmapItemBytes, "64 bytes for each page that is scanned, taken off the saving");
        yield return (
            "not marked", (long)result.Processes.Sum(process => process.Vmas
                .Where(vma => vma.Eligibility == VmaEligibility.NotMarked).Sum(vma => (double)vma.Vma.AnonymousBytes)),
            "left out by --as-marked");
        if (result.Reading is { } reading)
        {
            yield return ("memfd", reading.Shared.Memfd, "mapped shared, as the RAM of many virtual machines is: KSM takes private memory alone");
            yield return ("shared memory", reading.Shared.Shm, "mapped shared: KSM takes private memory alone");
            yield return ("files", reading.Shared.Files, "mapped shared: the page cache has them once already");
            yield return ("hugetlb", reading.Shared.HugeTlb, "huge pages of hugetlbfs are never taken apart");
            yield return ("device memory", reading.Shared.Device, "it has no pages of its own");
            yield return ("registered for I/O", reading.PinnedBytes, "io_uring holds these pages");
            yield return ("pinned somewhere", reading.PinnedSomewhereBytes, "held for a device; Linux does not say which pages, so they are still counted");
        }
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
