using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Output;

/// <summary>The sentences of an evaluation beside its tables. To say more, add a note here: the report puts it in its place.</summary>
internal static class EvaluationNotes
{
    private const int MostNames = 8;

    /// <summary>All that is to be said, in the order in which it is read within each priority.</summary>
    /// <param name="result">What was evaluated.</param>
    /// <param name="price">What scanning would cost.</param>
    /// <param name="verdict">What is to be done with it.</param>
    /// <param name="showVmas">Whether VMAs are listed.</param>
    internal static IEnumerable<ReportNote> Of(EvaluationResult result, ScanPrice price, Verdict verdict, bool showVmas)
    {
        foreach (string warning in ReadingNotes.Warnings(result))
        {
            yield return new(NotePriority.Warning, warning);
        }

        if (verdict is { HostLoss: > 0, Kind: not VerdictKind.SwitchOff })
        {
            yield return new(
                NotePriority.Warning,
                $"As it is set up today, KSM costs this host {Wording.Bytes(verdict.HostLoss)} more than it gives (general_profit).");
        }

        foreach (string premise in ForecastNotes.Premises(result))
        {
            yield return new(NotePriority.Warning, premise);
        }

        foreach (string range in ForecastNotes.Range(result))
        {
            yield return new(NotePriority.Fact, range);
        }

        foreach (string way in ForecastNotes.Settling(result, price))
        {
            yield return new(NotePriority.Fact, way);
        }

        foreach (string fact in ReadingNotes.Facts(result))
        {
            yield return new(NotePriority.Fact, fact);
        }

        foreach (string fact in ImageNotes.Facts(result))
        {
            yield return new(NotePriority.Fact, fact);
        }

        if (result.PagesLeft - (result.Images?.PagesElsewhere ?? 0) is > 0 and var left)
        {
            yield return new(
                NotePriority.Fact, $"{Wording.Count(left)} pages went before they were read and are not counted.");
        }

        foreach (ReportNote note in NotCounted(result))
        {
            yield return note;
        }

        foreach (ReportNote note in Marking(result, showVmas))
        {
            yield return note;
        }
    }

    private static IEnumerable<ReportNote> NotCounted(EvaluationResult result)
    {
        foreach (IGrouping<ReadStatus, ProcessForecast> others in result.Processes
            .Where(process => process.Process.Status is not ReadStatus.Read)
            .GroupBy(process => process.Process.Status))
        {
            int count = others.Count();
            string names = others.Key == ReadStatus.KernelThread ? string.Empty : string.Join(
                ", ", others.Take(MostNames).Select(process => string.Create(
                    CultureInfo.InvariantCulture, $"{process.Process.Pid} {process.Process.Stat.Name}")));
            string more = names.Length > 0 && count > MostNames ? $" and {Wording.Count(count - MostNames)} more" : string.Empty;
            yield return new(
                NotePriority.Fact,
                $"Not counted: {Wording.Counted(others.Key, count)}{(names.Length > 0 ? $" ({names}{more})" : string.Empty)}.");
        }
    }

    private static IEnumerable<ReportNote> Marking(EvaluationResult result, bool showVmas)
    {
        int chosen = result.Processes.Sum(process => process.Vmas.Count(vma => vma.IsWorthMarking));
        long saved = result.Marking.MemorySaved(result.PageSize);

        // A VMA may be worth it only beside others that are not: then marking the worthy ones alone saves nothing.
        if (chosen == 0 || saved <= 0)
        {
            yield return new(NotePriority.Fact, "No VMA is worth marking by itself: merging would cost more than it gives.");
            yield break;
        }

        yield return new(
            NotePriority.Fact,
            $"Marking only the {Wording.Plural(chosen, "VMA", "VMAs")} worth it, by madvise(MADV_MERGEABLE) in the programs themselves, "
            + $"would save {Wording.Bytes(saved)}.");
        if (!showVmas)
        {
            yield return new(NotePriority.Hint, "--vmas lists every VMA, with the ranges worth marking.");
        }
    }
}
