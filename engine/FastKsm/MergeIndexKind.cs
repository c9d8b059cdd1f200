namespace FastKsm;

/// <summary>How same-page merging finds equal contents.</summary>
public enum MergeIndexKind
{
    /// <summary>By 64-bit checksums, verified byte by byte: the fast one.</summary>
    Fingerprint = 0,

    /// <summary>By red-black trees in memcmp order, as Linux does: exact also when contents change while a scan is under way.</summary>
    ContentTree,
}
