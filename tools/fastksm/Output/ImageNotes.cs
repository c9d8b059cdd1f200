using System.Collections.Generic;
using FastKsm.Cli.Evaluation;

namespace FastKsm.Cli.Output;

/// <summary>What is to be said of memory in files.</summary>
internal static class ImageNotes
{
    /// <summary>Sentences that are worth knowing.</summary>
    internal static IEnumerable<string> Facts(EvaluationResult result)
    {
        if (result.Images is not { } images)
        {
            yield break;
        }

        yield return $"{Wording.Plural(images.Count, "image was", "images were")} read from files: what fork or KSM shared does not show there, so each page counts as a frame of its own.";
        if (images.ZeroesLeftOut > 0)
        {
            yield return $"{Wording.Count(images.ZeroesLeftOut)} pages of zeroes in cores are not counted: a core has zeroes too where a page never was.";
        }

        if (images.PagesOfAbsentFiles > 0)
        {
            yield return $"{Wording.Count(images.PagesOfAbsentFiles)} pages lie in mappings of files that are not on this host. They are not counted, since what was written there can't be told.";
        }

        if (images.PagesElsewhere > 0)
        {
            yield return $"{Wording.Count(images.PagesElsewhere)} pages are in another dump (incremental, or not fetched yet), and are not counted.";
        }
    }
}
