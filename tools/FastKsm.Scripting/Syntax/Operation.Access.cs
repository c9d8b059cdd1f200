
namespace FastKsm.Scripting.Syntax;

/// <content>Accesses to pages.</content>
public abstract partial record Operation
{
    /// <summary><c>fill</c>: writes whole pages.</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Process">Who.</param>
    /// <param name="Pages">Which pages.</param>
    /// <param name="Pattern">Their contents.</param>
    public sealed record Fill(SourcePosition Position, Name Process, PageRange Pages, ContentPattern Pattern)
        : Operation(Position);

    /// <summary><c>write</c>: writes one whole page.</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Process">Who.</param>
    /// <param name="Page">Which page.</param>
    /// <param name="Content">Number of its content.</param>
    public sealed record Write(SourcePosition Position, Name Process, PagePlace Page, ulong Content) : Operation(Position);

    /// <summary><c>poke</c>: writes bytes.</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Process">Who.</param>
    /// <param name="Place">First byte.</param>
    /// <param name="Bytes">The bytes; at least one.</param>
    public sealed record Poke(SourcePosition Position, Name Process, BytePlace Place, ValueList<byte> Bytes)
        : Operation(Position);

    /// <summary><c>read</c>: reads a byte of each page.</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Process">Who.</param>
    /// <param name="Pages">Which pages.</param>
    public sealed record Read(SourcePosition Position, Name Process, PageRange Pages) : Operation(Position);

    /// <summary><c>populate</c>: faults pages in (MADV_POPULATE_READ, MADV_POPULATE_WRITE).</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Process">Who.</param>
    /// <param name="Pages">Which pages.</param>
    /// <param name="ForWriting">Whether for writing.</param>
    public sealed record Populate(SourcePosition Position, Name Process, PageRange Pages, bool ForWriting)
        : Operation(Position);

    /// <summary><c>pin</c>: lends the frames of pages to a device or a pipe.</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Process">Who.</param>
    /// <param name="Pages">Which pages.</param>
    /// <param name="Kind">What for.</param>
    public sealed record Pin(SourcePosition Position, Name Process, PageRange Pages, PinKind Kind) : Operation(Position);

    /// <summary><c>unpin</c>: takes back the newest loan of each page, named as it was named when it was pinned.</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Process">Who pinned; may have exited.</param>
    /// <param name="Pages">Which pages.</param>
    public sealed record Unpin(SourcePosition Position, Name Process, PageRange Pages) : Operation(Position);

    /// <summary><c>force-write</c>: writes a whole page in spite of its protection, as a debugger does.</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Process">Whose memory.</param>
    /// <param name="Page">Which page.</param>
    /// <param name="Content">Number of its content.</param>
    public sealed record ForceWrite(SourcePosition Position, Name Process, PagePlace Page, ulong Content)
        : Operation(Position);

    /// <summary><c>direct-io</c>: write(2) from pages, or read(2) into them, with O_DIRECT.</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Process">Who.</param>
    /// <param name="Pages">Which pages.</param>
    /// <param name="Arrives">Content that each page receives, for read(2); null for write(2).</param>
    public sealed record DirectIo(SourcePosition Position, Name Process, PageRange Pages, ulong? Arrives)
        : Operation(Position);
}
