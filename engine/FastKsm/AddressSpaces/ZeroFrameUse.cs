namespace FastKsm.AddressSpaces;

/// <summary>Where the machine puts a zero frame of its own accord. What the merger does with zero pages is apart from it.</summary>
/// <param name="ForReads">
/// A read of untouched private memory maps a zero frame. False: it takes a frame, as on kernels whose mm forbids the zero page.
/// </param>
/// <param name="ForSplits">Pages of zeroes of a huge page that is taken apart are mapped to a zero frame (Linux 6.12 and later).</param>
internal readonly record struct ZeroFrameUse(bool ForReads, bool ForSplits);
