namespace FastKsm.Scripting.Syntax;

/// <content>Migration, reclaim, swap.</content>
public abstract partial record Operation
{
    /// <summary><c>migrate</c>: moves pages to other frames.</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Process">Whose pages.</param>
    /// <param name="Pages">Which pages.</param>
    /// <param name="Node">Node of the new frames; null for any.</param>
    public sealed record Migrate(SourcePosition Position, Name Process, PageRange Pages, int? Node) : Operation(Position);

    /// <summary><c>pageout</c>: reclaims pages as memory pressure does, whoever else maps them.</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Process">Whose pages.</param>
    /// <param name="Pages">Which pages.</param>
    public sealed record PageOut(SourcePosition Position, Name Process, PageRange Pages) : Operation(Position);

    /// <summary><c>reclaim</c>: asks a group to give up that many pages (memory.reclaim).</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Group">The control group.</param>
    /// <param name="Pages">How many.</param>
    public sealed record Reclaim(SourcePosition Position, Name Group, ulong Pages) : Operation(Position);

    /// <summary><c>limit</c>: what a group may use at most.</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Group">The control group.</param>
    /// <param name="Pages">Memory, in pages; null for no limit.</param>
    /// <param name="Swap">Swap, in pages; null for no limit.</param>
    public sealed record Limit(SourcePosition Position, Name Group, ulong? Pages, ulong? Swap) : Operation(Position);

    /// <summary><c>swapon</c>: a new, empty swap device.</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Device">Its name.</param>
    /// <param name="Pages">Its size with the header.</param>
    /// <param name="Settings">What it is like.</param>
    public sealed record SwapOn(SourcePosition Position, Name Device, ulong Pages, SwapSettings Settings)
        : Operation(Position);

    /// <summary><c>swapoff</c>: brings everything back and removes the device.</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Device">Its name.</param>
    public sealed record SwapOff(SourcePosition Position, Name Device) : Operation(Position);

    /// <summary><c>offline</c>: takes the memory of a node away (hot-remove).</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Node">The node.</param>
    public sealed record Offline(SourcePosition Position, int Node) : Operation(Position);

    /// <summary><c>online</c>: gives it back.</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Node">The node.</param>
    public sealed record Online(SourcePosition Position, int Node) : Operation(Position);
}
