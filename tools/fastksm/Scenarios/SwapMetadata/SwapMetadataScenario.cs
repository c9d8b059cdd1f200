using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;

namespace FastKsm.Cli.Scenarios.SwapMetadata;

/// <summary>What the tables of a swap device take: Linux's old arrays, its swap tables of 2026, and ours.</summary>
internal sealed class SwapMetadataScenario : IScenario
{
    private static readonly string[] s_notes =
    [
        "Published: 3.1875 bytes a slot at mounting for Linux 6.18 (map 1, group 2, zero bitmap 0.125, clusters 0.0625), as seen in its "
            + "vmallocinfo; 0.09375 for phase IV (48 bytes a cluster). A cluster in use takes 8 bytes a slot more in both, and in phase IV 2 for "
            + "the groups of its slots.",
        "Reserved is address space taken at mounting; resident is what this host backs with memory, in pages of 4 KiB. Arrays that the kernel "
            + "touches at mounting are touched here too.",
        "Every page is named by one swap entry and charged to the same group. 1 a cluster: the device was full, and all slots but one of "
            + "each cluster have become free.",
    ];

    private readonly Option<long> _slots = ScenarioOption.Number(
        "--slots", "Size of the device in pages of 4 KiB.", 1 << 24, MetadataSweep.ClusterSlots, 1 << 28);

    private readonly Option<string> _plot = ScenarioOption.Text("--plot", "File to which the table is drawn, as SVG.", "FILE");

    /// <inheritdoc/>
    public string Name => "swap-metadata";

    /// <inheritdoc/>
    public string Summary => "What a swap device's tables take as it fills: arrays for every slot, Linux's swap tables of 2026, and ours.";

    /// <inheritdoc/>
    public IReadOnlyList<Option> Options => [_slots, _plot];

    /// <inheritdoc/>
    public ScenarioReport Run(ParseResult options, ulong seed)
    {
        long slots = options.GetValue(_slots);
        List<MetadataPoint> points = [];
        try
        {
            foreach (SwapLayoutKind layout in Enum.GetValues<SwapLayoutKind>())
            {
                points.AddRange(MetadataSweep.Of(layout, slots));
            }
        }
        catch (OutOfNativeMemoryException exception)
        {
            throw new ToolException(ExitCode.Exhausted, $"scenario {Name}: {exception.Message}");
        }

        if (options.GetValue(_plot) is { Length: > 0 } file)
        {
            Save(file, MetadataPlot.Draw(points, slots));
        }

        return new ScenarioReport { Tables = [Table(points, slots)], Notes = s_notes };
    }

    /// <summary>A layout in words.</summary>
    internal static string NameOf(SwapLayoutKind layout) => layout switch
    {
        SwapLayoutKind.Legacy => "Linux 6.18",
        SwapLayoutKind.Faithful => "phase IV",
        _ => "compact",
    };

    private static ScenarioTable Table(List<MetadataPoint> points, long slots)
    {
        ScenarioTable table = new(
            "metadata",
            "Metadata of a swap device",
            new ScenarioColumn("layout", "layout", IsFigure: false),
            new ScenarioColumn("in_use", "in use", IsFigure: false),
            new ScenarioColumn("used_slots", "slots in use"),
            new ScenarioColumn("static_reserved_bytes", "reserved at mounting"),
            new ScenarioColumn("static_resident_bytes", "of it resident"),
            new ScenarioColumn("table_bytes", "tables in use"),
            new ScenarioColumn("table_resident_bytes", "tables resident"),
            new ScenarioColumn("bytes_per_slot", "resident a slot"),
            new ScenarioColumn("published_bytes_per_slot", "published"),
            new ScenarioColumn("bytes_per_used_slot", "resident a used slot"));
        foreach (MetadataPoint point in points)
        {
            SwapTableUsage usage = point.Usage;
            table.Add(
                NameOf(point.Layout),
                point.State,
                point.UsedSlots,
                usage.StaticReserved,
                usage.StaticResident,
                usage.DynamicUsed,
                usage.DynamicResident,
                ScenarioCell.Of((double)usage.Resident / slots, 5),
                point.Published is { } published ? ScenarioCell.Of(published, 5) : "-",
                point.UsedSlots == 0 ? "-" : ScenarioCell.Of((double)usage.Resident / point.UsedSlots, 2));
        }

        return table;
    }

    private void Save(string file, string svg)
    {
        try
        {
            File.WriteAllText(file, svg);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ToolException(ExitCode.BadInput, $"scenario {Name}: --plot {file}: {exception.Message}");
        }
    }
}
