using System;

namespace FastKsm;

/// <summary>What a mapping permits.</summary>
[Flags]
public enum Protection
{
    /// <summary>Nothing (PROT_NONE): pages stay, every access is refused.</summary>
    None = 0,

    /// <summary>Reading.</summary>
    Read = 1,

    /// <summary>Writing; pages that may be written may also be read.</summary>
    Write = 2,

    /// <summary>Executing; pages that may be executed may also be read.</summary>
    Execute = 4,
}
