namespace FastKsm.Cli.Scenarios.Shootdowns;

/// <summary>Which CPUs run the process when its pages are taken away.</summary>
internal enum Crew
{
    /// <summary>All of them.</summary>
    All,

    /// <summary>The first half; the others have run it, and are idle.</summary>
    HalfIdle,

    /// <summary>The first; no other has run it.</summary>
    One,
}
