namespace FastKsm.Scripting.Syntax;

/// <content>Checks. None of them changes anything.</content>
public abstract partial record Operation
{
    /// <summary><c>expect</c>: counters have these values.</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Conditions">What is to hold; at least one.</param>
    public sealed record Expect(SourcePosition Position, ValueList<CounterExpectation> Conditions) : Operation(Position);

    /// <summary><c>print</c>: shows counters.</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Counters">Which counters; at least one.</param>
    public sealed record Print(SourcePosition Position, ValueList<PrintedCounter> Counters) : Operation(Position);

    /// <summary><c>expect-bytes</c> of whole pages.</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Process">Whose pages.</param>
    /// <param name="Pages">Which pages.</param>
    /// <param name="Pattern">Their contents.</param>
    public sealed record ExpectContent(SourcePosition Position, Name Process, PageRange Pages, ContentPattern Pattern)
        : Operation(Position);

    /// <summary><c>expect-bytes</c> of single bytes.</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Process">Whose bytes.</param>
    /// <param name="Place">First byte.</param>
    /// <param name="Bytes">The bytes; at least one.</param>
    public sealed record ExpectBytes(SourcePosition Position, Name Process, BytePlace Place, ValueList<byte> Bytes)
        : Operation(Position);

    /// <summary><c>expect-pinned</c>: what a borrower of the page sees.</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Process">Who pinned it.</param>
    /// <param name="Page">The page, named as when it was pinned.</param>
    /// <param name="Content">Number of its content.</param>
    public sealed record ExpectPinned(SourcePosition Position, Name Process, PagePlace Page, ulong Content)
        : Operation(Position);

    /// <summary><c>remember-frame</c>: gives a name to the frame that a page is mapped to now.</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Frame">The name.</param>
    /// <param name="Process">Whose page.</param>
    /// <param name="Page">Which page.</param>
    public sealed record RememberFrame(SourcePosition Position, Name Frame, Name Process, PagePlace Page)
        : Operation(Position);

    /// <summary><c>expect-same-frame</c> and <c>expect-other-frame</c>.</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Left">One frame.</param>
    /// <param name="Right">The other.</param>
    /// <param name="Same">Whether they are to be the same.</param>
    public sealed record ExpectFrame(SourcePosition Position, FramePlace Left, FramePlace Right, bool Same)
        : Operation(Position);

    /// <summary><c>expect-mapcount</c>: how many PTEs map the frame of each page; 0 for none and for the zero frame.</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Process">Whose pages.</param>
    /// <param name="Pages">Which pages.</param>
    /// <param name="Count">How many.</param>
    public sealed record ExpectMapCount(SourcePosition Position, Name Process, PageRange Pages, int Count)
        : Operation(Position);

    /// <summary><c>expect-zero-frame</c>: each page is mapped to a zero frame.</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Process">Whose pages.</param>
    /// <param name="Pages">Which pages.</param>
    public sealed record ExpectZeroFrame(SourcePosition Position, Name Process, PageRange Pages) : Operation(Position);

    /// <summary><c>expect-page</c>: each page is all of these and none of those.</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Process">Whose pages.</param>
    /// <param name="Pages">Which pages.</param>
    /// <param name="Is">What it is.</param>
    /// <param name="IsNot">What it is not.</param>
    public sealed record ExpectPage(SourcePosition Position, Name Process, PageRange Pages, PageState Is, PageState IsNot)
        : Operation(Position);

    /// <summary><c>expect-vma</c>: the VMA of each page has these flags (smaps' VmFlags) and not those.</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Process">Whose pages.</param>
    /// <param name="Pages">Which pages.</param>
    /// <param name="Has">Two-letter flags that it has.</param>
    /// <param name="HasNot">Two-letter flags that it has not.</param>
    public sealed record ExpectVma(
        SourcePosition Position, Name Process, PageRange Pages, ValueList<string> Has, ValueList<string> HasNot)
        : Operation(Position);

    /// <summary><c>expect-events</c>: exactly these events since the last such check, in this order.</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Events">The events; may be none.</param>
    public sealed record ExpectEvents(SourcePosition Position, ValueList<ExpectedEvent> Events) : Operation(Position);

    /// <summary>
    /// <c>expect-flushes</c>: exactly these flush operations by the last operation that did something, in this order.
    /// </summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Initiator">Who flushes: the process that acted, or <c>ksmd</c>.</param>
    /// <param name="Flushes">The flush operations; may be none.</param>
    public sealed record ExpectFlushes(SourcePosition Position, Name Initiator, ValueList<FlushRun> Flushes)
        : Operation(Position);

    /// <summary><c>expect-error</c>: the operation is refused in this way.</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Error">Linux's name of the error or signal, or <c>exhausted</c>.</param>
    /// <param name="Refused">The operation; no check, no <c>machine</c>.</param>
    public sealed record ExpectError(SourcePosition Position, string Error, Operation Refused) : Operation(Position);
}
