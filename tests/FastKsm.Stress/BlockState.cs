namespace FastKsm.Stress;

/// <summary>Where a block of an address space is, and what it permits. One thread changes it.</summary>
internal struct BlockState
{
    /// <summary>Odd while it is changed: others may then meet what was, what will be, or nothing.</summary>
    internal int Change;

    /// <summary>Which of its two places it has.</summary>
    internal int Place;

    /// <summary>What it permits.</summary>
    internal Protection Protection;
}
