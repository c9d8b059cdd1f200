namespace FastKsm.Tests.Swapping;

/// <summary>What a random operation does.</summary>
internal enum SwapOpKind
{
    /// <summary>A folio gets its slots.</summary>
    Allocate,

    /// <summary>One entry more names slots of a folio in the cache.</summary>
    DuplicateCached,

    /// <summary>One entry more names slots that are named.</summary>
    Duplicate,

    /// <summary>One less, by zap.</summary>
    Put,

    /// <summary>One less, by a folio in the cache.</summary>
    PutCached,

    /// <summary>A folio leaves the cache.</summary>
    Drop,

    /// <summary>A folio comes into the cache for slots that were evicted.</summary>
    SwapIn,

    /// <summary>A folio's content is written.</summary>
    Write,

    /// <summary>And read.</summary>
    Read,

    /// <summary>Another folio takes a folio's place.</summary>
    Replace,

    /// <summary>A folio is split.</summary>
    Split,

    /// <summary>A device is unmounted and mounted anew.</summary>
    Remount,

    /// <summary>Memory runs out in the next operation.</summary>
    Fault,

    /// <summary>A folio is mapped, or unmapped.</summary>
    Map,
}
