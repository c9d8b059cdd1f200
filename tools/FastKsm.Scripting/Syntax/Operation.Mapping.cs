
namespace FastKsm.Scripting.Syntax;

/// <content>Operations on mappings.</content>
public abstract partial record Operation
{
    /// <summary><c>map</c>.</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Process">Who maps.</param>
    /// <param name="Region">Name of the new region.</param>
    /// <param name="Pages">Pages; at least 1.</param>
    /// <param name="Settings">How.</param>
    public sealed record Map(SourcePosition Position, Name Process, Name Region, ulong Pages, MapSettings Settings)
        : Operation(Position);

    /// <summary><c>unmap</c>.</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Process">Who.</param>
    /// <param name="Pages">Which pages; the whole region frees its name.</param>
    public sealed record Unmap(SourcePosition Position, Name Process, PageRange Pages) : Operation(Position);

    /// <summary><c>protect</c> (mprotect).</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Process">Who.</param>
    /// <param name="Pages">Which pages.</param>
    /// <param name="Protection">What they permit from now on.</param>
    public sealed record Protect(SourcePosition Position, Name Process, PageRange Pages, Protection Protection)
        : Operation(Position);

    /// <summary><c>advise</c> (madvise).</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Process">Who.</param>
    /// <param name="Pages">Which pages.</param>
    /// <param name="Advice">The advice.</param>
    public sealed record Advise(SourcePosition Position, Name Process, PageRange Pages, MemoryAdvice Advice)
        : Operation(Position);

    /// <summary><c>remap</c> (mremap).</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Process">Who.</param>
    /// <param name="Pages">Which pages; without a step.</param>
    /// <param name="Settings">How.</param>
    public sealed record Remap(SourcePosition Position, Name Process, PageRange Pages, RemapSettings Settings)
        : Operation(Position);

    /// <summary><c>brk</c>: sets the size of the heap, a region that the first use makes.</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Process">Who.</param>
    /// <param name="Region">Name of the heap.</param>
    /// <param name="Pages">Its pages from now on.</param>
    public sealed record Break(SourcePosition Position, Name Process, Name Region, ulong Pages) : Operation(Position);

    /// <summary><c>lock</c> (mlock).</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Process">Who.</param>
    /// <param name="Pages">Which pages.</param>
    public sealed record Lock(SourcePosition Position, Name Process, PageRange Pages) : Operation(Position);

    /// <summary><c>unlock</c> (munlock).</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Process">Who.</param>
    /// <param name="Pages">Which pages.</param>
    public sealed record Unlock(SourcePosition Position, Name Process, PageRange Pages) : Operation(Position);

    /// <summary><c>sync</c> (msync with MS_SYNC).</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Process">Who.</param>
    /// <param name="Pages">Which pages.</param>
    public sealed record Synchronise(SourcePosition Position, Name Process, PageRange Pages) : Operation(Position);

    /// <summary><c>userfault</c>: write-protects pages through userfaultfd, or takes it back.</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Process">Who.</param>
    /// <param name="Pages">Which pages.</param>
    /// <param name="WriteProtect">Whether to protect.</param>
    public sealed record UserFault(SourcePosition Position, Name Process, PageRange Pages, bool WriteProtect)
        : Operation(Position);
}
