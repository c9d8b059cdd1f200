namespace FastKsm.Tests.TestKit;

/// <summary>A page of a recorded process.</summary>
/// <param name="Content">0 for zeroes; else what its words start from.</param>
/// <param name="Frame">Its frame.</param>
/// <param name="IsMappedOnce">Whether nothing else maps the frame.</param>
/// <param name="IsKsm">Whether smaps counts it as a KSM page.</param>
/// <param name="FrameFlags">What kpageflags shows for the frame.</param>
internal readonly record struct RecordedPage(ulong Content, ulong Frame, bool IsMappedOnce, bool IsKsm, ulong FrameFlags)
{
    private const ulong Anonymous = 1UL << 12;
    private const ulong KsmBit = 1UL << 21;
    private const ulong Exclusive = 1UL << 34;

    /// <summary>A page that its process has for itself.</summary>
    internal static RecordedPage Own(ulong content, ulong frame, bool showsKsmBit = false) =>
        new(content, frame, IsMappedOnce: true, IsKsm: false, Anonymous | Exclusive | (showsKsmBit ? KsmBit : 0));

    /// <summary>A page that fork shares.</summary>
    internal static RecordedPage Forked(ulong content, ulong frame, bool showsKsmBit = false) =>
        new(content, frame, IsMappedOnce: false, IsKsm: false, Anonymous | (showsKsmBit ? KsmBit : 0));

    /// <summary>A KSM page.</summary>
    internal static RecordedPage Merged(ulong content, ulong frame) =>
        new(content, frame, IsMappedOnce: false, IsKsm: true, Anonymous | KsmBit);
}
