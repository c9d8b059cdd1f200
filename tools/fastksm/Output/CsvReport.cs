using System;
using System.Globalization;
using System.IO;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.LiveProcesses;
using FastKsm.Cli.Output.Text;

namespace FastKsm.Cli.Output;

/// <summary>The result as comma-separated values (RFC 4180): a header, then one line a VMA.</summary>
internal static class CsvReport
{
    private const string Header =
        "pid,process,status,start,end,bytes,name,eligibility,marked,worth_marking,pages,zero_pages,huge_page_zeroes,"
        + "ksm_rmap_items,ksm_merging_pages,ksm_zero_pages,duplicates_inside,duplicates_with_others,profit";

    /// <summary>Writes the result.</summary>
    internal static void Write(EvaluationResult result, TextWriter output)
    {
        output.WriteLine(Header);
        foreach (ProcessForecast process in result.Processes)
        {
            string prefix = string.Create(
                CultureInfo.InvariantCulture,
                $"{process.Process.Pid},{Quote(process.Process.Stat.Name)},{Wording.KeyOf(process.Process.Status)}");
            if (process.Process.Status != ReadStatus.Read)
            {
                output.WriteLine(prefix + new string(',', 16));
                continue;
            }

            foreach (VmaForecast vma in process.Vmas)
            {
                PageCounts counts = vma.Counts;
                output.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{prefix},{vma.Vma.Start:x},{vma.Vma.End:x},{vma.Vma.Length},{Quote(vma.Vma.Name)},"
                    + $"{Wording.Of(vma.Eligibility)},{Flag(vma.Vma.IsMarked)},{Flag(vma.IsWorthMarking)},"
                    + $"{counts.Pages},{counts.ZeroContent},{counts.DroppedBySplit},{counts.RmapItems},{counts.Merging},"
                    + $"{counts.PlacedZero},{counts.DuplicatesInside},{counts.DuplicatesWithOthers},"
                    + $"{counts.Profit(result.PageSize)}"));
            }
        }
    }

    /// <summary>Writes the result by owner: a header, then one line an owner.</summary>
    internal static void WriteOwners(EvaluationResult result, OwnerKind kind, TextWriter output)
    {
        output.WriteLine(
            $"{Wording.KeyOf(kind)},processes,processes_marked,pages,zero_pages,huge_page_zeroes,"
            + "ksm_rmap_items,ksm_merging_pages,duplicates_inside,duplicates_with_others,profit,"
            + "saved_within,saved_across,pages_shared_with_owners,one_more_unmerged,one_more_merged");
        foreach (OwnerForecast owner in OwnerForecast.Of(result, kind))
        {
            PageCounts counts = owner.Counts;
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{Quote(owner.Owner)},{owner.Processes},{owner.MarkedToday},{counts.Pages},{counts.ZeroContent},{counts.DroppedBySplit},"
                + $"{counts.RmapItems},{counts.Merging},{counts.DuplicatesInside},{counts.DuplicatesWithOthers},{owner.Profit},"
                + $"{Savings(owner, result.PageSize)}"));
        }
    }

    private static string Savings(OwnerForecast owner, long pageSize) => owner.Saving is not { } saving
        ? ",,,,"
        : string.Create(
            CultureInfo.InvariantCulture,
            $"{saving.WithinPages * pageSize},{saving.AcrossPages * pageSize},{saving.SharedPages},"
            + $"{(long)saving.Instance.Unmerged(1, pageSize)},{(long)saving.Instance.Merged(1, pageSize)}");

    private static int Flag(bool value) => value ? 1 : 0;

    private static string Quote(string name)
    {
        // A line of the file is a line of the text: names with newlines are written as the tables show them.
        string text = HarmlessText.Of(name);
        return text.AsSpan().IndexOfAny(",\"\r\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }
}
