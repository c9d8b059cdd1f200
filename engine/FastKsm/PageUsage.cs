namespace FastKsm;

/// <summary>What the pages of a range are: figures of /proc/PID/smaps, in bytes.</summary>
public readonly record struct PageUsage
{
    /// <summary>Mappings that lie in the range, or reach into it: entries of smaps.</summary>
    public int Mappings { get; init; }

    /// <summary>Mapped (Size).</summary>
    public long Size { get; init; }

    /// <summary>Resident (Rss); zero frames do not count.</summary>
    public long Rss { get; init; }

    /// <summary>Resident, each page divided by the number of its mappings (Pss).</summary>
    public long Pss { get; init; }

    /// <summary>Resident and anonymous, merged pages included (Anonymous).</summary>
    public long Anonymous { get; init; }

    /// <summary>Mapped as huge pages (AnonHugePages); zero frames do not count.</summary>
    public long AnonHugePages { get; init; }

    /// <summary>Mapped to merged frames (KSM); zero frames do not count.</summary>
    public long Ksm { get; init; }

    /// <summary>Mapped more than once and clean (Shared_Clean).</summary>
    public long SharedClean { get; init; }

    /// <summary>Mapped more than once and dirty (Shared_Dirty).</summary>
    public long SharedDirty { get; init; }

    /// <summary>Mapped once and clean (Private_Clean).</summary>
    public long PrivateClean { get; init; }

    /// <summary>Mapped once and dirty (Private_Dirty).</summary>
    public long PrivateDirty { get; init; }

    /// <summary>Used since their accessed bits were last cleared (Referenced).</summary>
    public long Referenced { get; init; }

    /// <summary>Share of locked mappings in the resident pages, as Pss (Locked).</summary>
    public long Locked { get; init; }
}
