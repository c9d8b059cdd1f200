namespace FastKsm.Scripting.Syntax;

/// <content>Same-page merging and time.</content>
public abstract partial record Operation
{
    /// <summary><c>ksm</c>: writes files of <c>/sys/kernel/mm/ksm</c>, one after the other.</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Settings">What to write; at least one.</param>
    public sealed record Knobs(SourcePosition Position, ValueList<KnobSetting> Settings) : Operation(Position);

    /// <summary><c>prctl A merge=on|off</c> (PR_SET_MEMORY_MERGE).</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Process">Who.</param>
    /// <param name="Enabled">Whether to merge.</param>
    public sealed record MergeAnything(SourcePosition Position, Name Process, bool Enabled) : Operation(Position);

    /// <summary><c>prctl A set|get …</c>: PR_SET_MEMORY_MERGE or PR_GET_MEMORY_MERGE with all arguments as given.</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Process">Who.</param>
    /// <param name="Sets">Whether to set.</param>
    /// <param name="Arguments">arg2 to arg5; those left out are 0.</param>
    public sealed record MergeControl(SourcePosition Position, Name Process, bool Sets, ValueList<ulong> Arguments)
        : Operation(Position);

    /// <summary><c>run</c>: 0 stops the scanner, 1 starts it, 2 stops it and unmerges everything.</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Value">0, 1 or 2.</param>
    public sealed record Run(SourcePosition Position, int Value) : Operation(Position);

    /// <summary><c>scan</c>: lets the scanner work to the end of that many full scans.</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Count">Full scans.</param>
    public sealed record Scan(SourcePosition Position, int Count) : Operation(Position);

    /// <summary><c>batch</c>: wakes the scanner that many times for pages_to_scan pages.</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Count">Batches.</param>
    public sealed record Batch(SourcePosition Position, int Count) : Operation(Position);

    /// <summary><c>advance</c>: model time goes on.</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Time">By how much.</param>
    public sealed record Advance(SourcePosition Position, Duration Time) : Operation(Position);

    /// <summary><c>advisor-cpu</c>: CPU time that the advisor believes the next full scan to take.</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Time">How much.</param>
    public sealed record AdvisorCpu(SourcePosition Position, Duration Time) : Operation(Position);
}
