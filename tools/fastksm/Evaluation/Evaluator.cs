using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Threading;
using FastKsm.Cli.Evaluation.Compression;
using FastKsm.Cli.Evaluation.Inspection;
using FastKsm.Cli.Evaluation.Nearly;
using FastKsm.Cli.Evaluation.Owners;
using FastKsm.Cli.Evaluation.Settling;
using FastKsm.Cli.Evaluation.Templates;
using FastKsm.Cli.Host;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Evaluation;

/// <summary>Evaluates what merging would save in running processes: find, read, sort, follow, add up.</summary>
internal static class Evaluator
{
    // As many as an index counts: 8 TiB of 4 KiB pages. Their records would take 48 GiB, and are reserved, not used.
    private const int MostPages = int.MaxValue;

    /// <summary>Evaluates.</summary>
    /// <param name="pids">Processes, in the order in which ksmd would visit them.</param>
    /// <param name="options">What to assume.</param>
    /// <param name="progress">Told how far it has come.</param>
    /// <param name="cancellation">Ends it early, with an exception.</param>
    /// <param name="mount">The <c>/proc</c> to read; null for the host's.</param>
    internal static EvaluationResult Evaluate(
        IReadOnlyList<int> pids,
        EvaluationOptions options,
        EvaluationProgress progress,
        CancellationToken cancellation,
        ProcMount? mount = null)
    {
        long start = Stopwatch.GetTimestamp();
        HostKsm host = mount?.Ksm ?? HostKsm.Read();
        progress.ProcessCount = pids.Count;
        using EvaluationContext context = new(host, new NodesOfPages(apart: !options.MergeAcrossNodes), mount: mount);
        NearlyInspection? nearly = options.Nearly ? new NearlyInspection(context) : null;
        CompressionInspection? compression = options.Compress ? new CompressionInspection() : null;
        TemplateInspection? places = options.Template is null ? null : new TemplateInspection();
        context.Inspections = [.. new IInspection?[] { nearly, compression, places }.OfType<IInspection>()];
        using PageRecordTable table = new(MostPages);
        IReadOnlyList<LiveProcess> processes = pids.Count == 0
            ? []
            : new PageCollector(table, context, options, progress).Collect(pids, cancellation);
        ImageFacts? images = null;
        if (options.Images.Count > 0)
        {
            ImageCollector collector = new(table, context, options, progress);
            processes = [.. processes, .. collector.Collect(options.Images, cancellation)];
            images = new ImageFacts(
                options.Images.Count, collector.ZeroesLeftOut, collector.PagesOfAbsentFiles, options.Images.Sum(image => image.PagesElsewhere));
        }

        context.KsmCandidates.Settle(table, context);
        progress.Begin("sorting");
        table.Compact(new ReadToTheEnd(context));
        TemplateComparison? comparison = places is null ? null : TemplateComparison.Of(options.Template!, table, places, context);
        RecordSorter.Sort(table, options.Threads);

        progress.Begin("adding up");
        cancellation.ThrowIfCancellationRequested();
        long pageSize = Environment.SystemPageSize;
        bool framesAreKnown = context.FrameNumbers.AreVisible;
        MergedToday today = MergedToday.Count(table, framesAreKnown && context.FrameFlags.IsAvailable, processes);
        FolioMap folios = FolioMap.Find(table, context);
        SettlingForecast? settling = Settler.Follow(table, context, options, folios, host.SmartScan);
        OwnerTable? owners = options.By is { } kind ? new OwnerTable(context, process => ProcessOwner.Of(process, kind)) : null;
        InstanceEstimate[] instances = owners is null ? [] : InstanceSweep.Reckon(table, owners, context, options.UseZeroPages);
        NearlyForecast? nearlyEqual = nearly is null ? null : NearlyCounter.Count(table, nearly, context);
        CompressionForecast? compressed = compression is null ? null : CompressionForecast.Of(table, compression);
        SteadyState steadyState = new(table, context, options, folios);
        PageCounts[] counts = new PageCounts[context.VmaCount];
        OwnerDivision? division = owners is null ? null : new OwnerDivision(owners, options.MaxPageSharing);
        MergeForecast divided = steadyState.Forecast(counts, division: division);
        MergeForecast total = settling?.AtRest ?? divided;
        settling ??= Settler.Of(steadyState, total);
        bool watched = options.Observe > TimeSpan.Zero;
        ForecastRange? range = watched ? Range(steadyState, context, options, processes) : null;
        MarkingPlan plan = MarkingPlan.Make(steadyState, counts, pageSize);
        total.KsmZeroPages += KsmZeroPagesOf(processes);

        return new EvaluationResult(
            options,
            host,
            pageSize,
            framesAreKnown,
            total,
            plan.Forecast,
            settling,
            range,
            context.SplitsIfAsked,
            context.Nodes.Summary,
            [
                .. ByProcess(processes, context, counts, plan)
                    .OrderByDescending(process => process.ProcessProfit(pageSize))
                    .ThenBy(process => process.Process.Pid),
            ],
            Stopwatch.GetElapsedTime(start))
        {
            Nearly = nearlyEqual,
            Images = images,
            Template = comparison,
            Compression = compressed,
            Reading = Facts(processes, context, today),
            Owners = owners is null ? null : Divide(options.By!.Value, owners, division!, instances, divided, total),
        };
    }

    private static OwnerSavings Divide(
        OwnerKind kind, OwnerTable owners, OwnerDivision division, InstanceEstimate[] instances, in MergeForecast divided, in MergeForecast total)
    {
        division.TakeZeroPagesOfToday();
        division.Adjust(total.FramesBefore - total.FramesAfter - (divided.FramesBefore - divided.FramesAfter));
        Dictionary<string, OwnerSaving> byOwner = new(StringComparer.Ordinal);
        for (int owner = 0; owner < owners.Names.Count; owner++)
        {
            byOwner.Add(
                owners.Names[owner],
                new OwnerSaving(division.Within[owner], division.Across[owner], division.Shared[owner], instances[owner]));
        }

        return new OwnerSavings(kind, byOwner);
    }

    private static ReadingFacts Facts(IReadOnlyList<LiveProcess> processes, EvaluationContext context, MergedToday today)
    {
        SharedMemory shared = default;
        int marked = 0;
        for (int i = 0; i < context.VmaCount; i++)
        {
            if (context.Vma(i).Process.Status == ReadStatus.Read)
            {
                shared.Add(context.Vma(i).Vma);
                marked += context.Vma(i).Vma.IsMarked ? 1 : 0;
            }
        }

        LiveProcess[] read = [.. processes.Where(process => process.Status == ReadStatus.Read)];
        return new ReadingFacts(
            context.FrameNumbers,
            context.KsmBit,
            ProcAccessProbe.Ask(context.Mount),
            today,
            shared,
            read.Sum(process => (long)process.Pinned.ByteLength),
            read.Sum(process => process.PinnedSomewhere),
            marked,
            read.Length == 0 ? TimeSpan.Zero : read.Max(process => process.LongestLock));
    }

    private static ForecastRange Range(
        SteadyState steadyState, EvaluationContext context, EvaluationOptions options, IReadOnlyList<LiveProcess> processes)
    {
        PageCounts[] counts = new PageCounts[context.VmaCount];
        long zeroPages = KsmZeroPagesOf(processes);
        MergeForecast least = steadyState.Forecast(counts, mode: ForecastMode.SurelyStill);
        MergeForecast most = ForecastRange.MostOf(
            steadyState.Forecast(counts, mode: ForecastMode.AllStill), steadyState.ChangedPages, options.UseZeroPages);
        most.KsmZeroPages += zeroPages;
        return new ForecastRange(least, most);
    }

    private static long KsmZeroPagesOf(IEnumerable<LiveProcess> processes) =>
        processes.Where(process => process.Status == ReadStatus.Read).Sum(process => process.KsmZeroPages);

    // The VMAs of a process stand together, in the order in which the processes were read.
    private static List<ProcessForecast> ByProcess(
        IReadOnlyList<LiveProcess> processes, EvaluationContext context, PageCounts[] counts, MarkingPlan plan)
    {
        List<ProcessForecast> forecasts = new(processes.Count);
        int next = 0;
        foreach (LiveProcess process in processes)
        {
            PageCounts sum = default;
            List<VmaForecast> vmas = [];
            for (; next < context.VmaCount && ReferenceEquals(context.Vma(next).Process, process); next++)
            {
                VmaInProcess vma = context.Vma(next);
                sum.Add(counts[next]);
                vmas.Add(new VmaForecast(vma.Vma, vma.Eligibility, counts[next], plan.Chosen[next]));
            }

            forecasts.Add(new ProcessForecast(process, sum, vmas));
        }

        return forecasts;
    }

    private readonly struct ReadToTheEnd(EvaluationContext context) : IPageRecordFilter
    {
        public bool Keeps(in PageRecord record) =>
            record.IsRead && context.Vma(record.Vma).Process.Status == ReadStatus.Read;
    }
}
