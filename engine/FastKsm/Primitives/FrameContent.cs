namespace FastKsm;

/// <summary>What a machine keeps of a frame's content.</summary>
public enum FrameContent
{
    /// <summary>Every byte.</summary>
    Page,

    /// <summary>
    /// 128 bits, so that a host hundreds of times larger than memory fits; pages are written whole, by content.
    /// </summary>
    Fingerprint,
}
