using System;
using System.Collections.Generic;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Evaluation.Templates;

/// <summary>All processes against a snapshot.</summary>
/// <param name="Source">The snapshot's file.</param>
/// <param name="Pages">Its pages.</param>
/// <param name="ByProcess">What each process has of it, by size of blocks.</param>
internal sealed record TemplateComparison(
    string Source, long Pages, IReadOnlyList<(LiveProcess Process, IReadOnlyList<TemplateShare> Shares)> ByProcess)
{
    /// <summary>Compares.</summary>
    /// <param name="template">The snapshot.</param>
    /// <param name="table">The records of pages that were read, in the order of visits.</param>
    /// <param name="inspection">Where they lie.</param>
    /// <param name="context">The VMAs.</param>
    internal static TemplateComparison Of(Template template, PageRecordTable table, TemplateInspection inspection, EvaluationContext context)
    {
        List<(LiveProcess, IReadOnlyList<TemplateShare>)> all = [];
        for (int start = 0, end; start < table.Count; start = end)
        {
            LiveProcess process = context.Vma(table[start].Vma).Process;
            for (end = start + 1; end < table.Count && ReferenceEquals(context.Vma(table[end].Vma).Process, process); end++)
            {
            }

            (ulong from, ulong to) = Range(template, process, context);
            List<(ulong Place, ulong Checksum)> pages = new(end - start);
            for (int i = start; i < end; i++)
            {
                ulong address = inspection.AddressOf(table[i].Ordinal);
                pages.Add((address >= from && address < to ? address - from : Outside(i), inspection.ChecksumOf(table[i].Ordinal)));
            }

            List<TemplateShare> shares = [];
            foreach (int unit in Template.Units)
            {
                shares.Add(ShareOf(template, pages, unit));
            }

            all.Add((process, shares));
        }

        return new TemplateComparison(template.Source, template.PageCount, all);
    }

    // Pages that are outside of the guest's memory have places that no block has, each one of its own.
    private static ulong Outside(int index) => (1UL << 63) + ((ulong)index << 32);

    private static (ulong From, ulong To) Range(Template template, LiveProcess process, EvaluationContext context)
    {
        if (!template.IsRaw)
        {
            return (0, ulong.MaxValue);
        }

        Vma largest = default;
        for (int i = 0; i < context.VmaCount; i++)
        {
            if (ReferenceEquals(context.Vma(i).Process, process) && context.Vma(i).Vma.Length > largest.Length)
            {
                largest = context.Vma(i).Vma;
            }
        }

        return (largest.Start, largest.End);
    }

    private static TemplateShare ShareOf(Template template, List<(ulong Place, ulong Checksum)> pages, int unit)
    {
        ulong block = (ulong)unit * (ulong)Environment.SystemPageSize;
        long same = 0;
        long elsewhere = 0;
        ulong[] checksums = new ulong[unit];
        for (int start = 0, end; start < pages.Count; start = end)
        {
            bool isSame = true;
            for (end = start; end < pages.Count && end - start < unit && pages[end].Place / block == pages[start].Place / block; end++)
            {
                checksums[end - start] = pages[end].Checksum;
                isSame &= template.IsSame(pages[end].Place, pages[end].Checksum);
            }

            int count = end - start;
            same += isSame ? count : 0;
            elsewhere += !isSame && count == unit && template.Has(checksums) ? count : 0;
        }

        return new TemplateShare(unit, same, elsewhere, pages.Count - same - elsewhere);
    }
}
