using System.Collections.Generic;

namespace FastKsm.Cli.Evaluation.Nearly;

/// <summary>How much more would merge if pages differed less; in bytes, before ksmd's records.</summary>
/// <remarks>
/// All four are counted in one way, without limits of sharers and huge pages: frames less different contents. What KSM has merged
/// already counts as it was before.
/// </remarks>
/// <param name="Read">Bytes of the frames that were read.</param>
/// <param name="AsTheyAre">What is equal as it is.</param>
/// <param name="Masked">What would be equal with pointers masked.</param>
/// <param name="SameStart">What would be equal, as an estimate, if the processes had had the same addresses from their start.</param>
/// <param name="LargeParts">What would be equal in parts of 1 KiB.</param>
/// <param name="SmallParts">What would be equal in parts of 256 bytes.</param>
/// <param name="ByPointers">Bytes of pages without an equal one that have one with pointers masked.</param>
/// <param name="InParts">Bytes of further pages at least half of whose parts that are not zero occur elsewhere.</param>
/// <param name="Causes">Why they differ, as far as it shows.</param>
internal sealed record NearlyForecast(
    long Read, long AsTheyAre, long Masked, long SameStart, long LargeParts, long SmallParts, long ByPointers, long InParts, IReadOnlyList<NearlyCause> Causes);
