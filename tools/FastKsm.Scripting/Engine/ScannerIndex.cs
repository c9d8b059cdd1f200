namespace FastKsm.Scripting.Engine;

/// <summary>How the engine finds pages of equal content.</summary>
public enum ScannerIndex
{
    /// <summary>By a hash of the content, verified before any merge.</summary>
    Fingerprint,

    /// <summary>By red-black trees in the order of the contents, as Linux does.</summary>
    Tree,
}
