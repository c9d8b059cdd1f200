using System;

namespace FastKsm.Cli.Evaluation.Owners;

/// <summary>What one more process of an owner would take, with merging and without.</summary>
/// <remarks>
/// Leave one out: each process of the owner is taken as the one that came last, and the figures are averages. Its own frames are those
/// that no other process of the owner maps (what fork shares costs nothing either way). Of these, one is saved whose content another
/// process of the owner has; of the copies that only it has, all but one. A frame for every max_page_sharing further sharers is left
/// out. With a single process nothing is known of what a second one would have in common with it beyond zeroes and its own
/// copies, so the saving is the least that can be expected.
/// </remarks>
/// <param name="Instances">Processes that were looked at.</param>
/// <param name="OwnPages">Frames that one takes without merging.</param>
/// <param name="SavedPages">Frames of these that merging saves.</param>
/// <param name="Records">Records that ksmd keeps for one.</param>
internal readonly record struct InstanceEstimate(int Instances, double OwnPages, double SavedPages, double Records)
{
    /// <summary>Whether the saving is only the least that can be expected.</summary>
    internal bool IsLeast => Instances < 2;

    /// <summary>Bytes that further instances take without merging.</summary>
    internal double Unmerged(int more, long pageSize) => more * OwnPages * pageSize;

    /// <summary>Bytes that they take with it, ksmd's records included.</summary>
    internal double Merged(int more, long pageSize) =>
        more * (((OwnPages - SavedPages) * pageSize) + (Records * MergeForecast.RmapItemBytes));

    /// <summary>Averages sums over processes.</summary>
    internal static InstanceEstimate Average(int instances, long own, long saved, long records)
    {
        double count = Math.Max(instances, 1);
        return new InstanceEstimate(instances, own / count, saved / count, records / count);
    }
}
