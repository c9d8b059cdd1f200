namespace FastKsm;

/// <summary>How a frame is borrowed from outside the page tables.</summary>
public enum PinKind
{
    /// <summary>A plain reference, as a pipe holds after vmsplice: keeps the frame, promises nothing else.</summary>
    Reference,

    /// <summary>
    /// To read: the page is made private first, so that the borrower keeps seeing what the owner writes.
    /// </summary>
    Read,

    /// <summary>To write: the page is made writable first.</summary>
    Write,
}
