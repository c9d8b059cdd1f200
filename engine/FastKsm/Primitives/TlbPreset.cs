namespace FastKsm;

/// <summary>Whose TLB the CPUs of a machine have: how many translations it holds, and where they can lie.</summary>
public enum TlbPreset
{
    /// <summary>Skylake-SP and Cascade Lake: 64 in 4 ways, 32 huge in 4 ways; 1536 in 12 ways behind both.</summary>
    SkylakeServer,

    /// <summary>
    /// Nehalem and Westmere: 64 in 4 ways, 32 huge in 4 ways; 512 in 4 ways behind, none of them huge.
    /// </summary>
    Nehalem,

    /// <summary>Broadwell: 64 in 4 ways, 32 huge in 4 ways; 1536 in 12 ways behind both.</summary>
    Broadwell,

    /// <summary>Ice Lake-SP: 64 in 4 ways, 32 huge in 4 ways; 2048 in 16 ways behind both.</summary>
    IceLakeServer,

    /// <summary>Golden Cove (Sapphire Rapids): 96 in 6 ways, 32 huge in 4 ways; 2048 in 16 ways behind both.</summary>
    GoldenCove,

    /// <summary>Zen 3: 64 of any size, each anywhere; 2048 in 16 ways behind.</summary>
    Zen3,

    /// <summary>Zen 4: 72 of any size, each anywhere; 3072 in 24 ways behind.</summary>
    Zen4,
}
