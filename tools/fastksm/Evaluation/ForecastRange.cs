using System;

namespace FastKsm.Cli.Evaluation;

/// <summary>What processes that go on working may come to: between what surely merges and what merges when all that can be equal is.</summary>
/// <remarks>
/// A page can be written with the bytes it had: that ends its merge and shows in no checksum. So the least is what merges if
/// each page that a process which ran while it was watched has for itself, and may write, is being written; what fork still
/// shares has not been written. The other way round, what a changing page will hold is not known: a heap that is filled anew holds more
/// equal pages or pages of zeroes at one time than at another. So the most is what merges if all pages stand still, and each of
/// those that changed merges as well; each counter by itself, since one page cannot raise all of them.
/// </remarks>
/// <param name="Least">Without pages that may be written.</param>
/// <param name="Most">With all pages as they were last read, and those that changed merged.</param>
internal sealed record ForecastRange(MergeForecast Least, MergeForecast Most)
{
    /// <summary>The most, from what merges when all pages stand still.</summary>
    /// <param name="still">That forecast.</param>
    /// <param name="changed">Pages that changed while they were watched.</param>
    /// <param name="useZeroPages">Whether pages of zeroes are replaced.</param>
    internal static MergeForecast MostOf(MergeForecast still, long changed, bool useZeroPages)
    {
        // Two of them make a KSM page with one further address.
        still.PagesShared += changed / 2;
        still.PagesSharing += changed;
        still.KsmZeroPages += useZeroPages ? changed : 0;
        still.FramesAfter -= Math.Min(changed, still.FramesAfter);
        return still;
    }
}
