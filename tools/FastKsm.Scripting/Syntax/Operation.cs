namespace FastKsm.Scripting.Syntax;

/// <summary>One line of a script. Two operations are equal if they do the same, wherever they stand.</summary>
/// <param name="Position">Where it stands: its first word. No part of its identity.</param>
public abstract partial record Operation(SourcePosition Position)
{
    /// <inheritdoc/>
    public virtual bool Equals(Operation? other) => other is not null && EqualityContract == other.EqualityContract;

    /// <inheritdoc/>
    public override int GetHashCode() => EqualityContract.GetHashCode();

    /// <summary><c>machine</c>: what follows happens on a machine like this.</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Settings">What it is made of.</param>
    public sealed record Machine(SourcePosition Position, MachineSettings Settings) : Operation(Position);

    /// <summary><c>spawn</c>: a new process with an empty address space.</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Process">Its name.</param>
    /// <param name="Group">Control group that it is charged to; null for one of its own that bears its name.</param>
    /// <param name="RunsOn">CPU that it runs on; null for the first.</param>
    public sealed record Spawn(SourcePosition Position, Name Process, Name? Group, int? RunsOn) : Operation(Position);

    /// <summary><c>fork</c>: a child that knows its parent's regions by the same names.</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Parent">Who forks.</param>
    /// <param name="Child">The child's name.</param>
    public sealed record Fork(SourcePosition Position, Name Parent, Name Child) : Operation(Position);

    /// <summary><c>exec</c>: an empty address space; prctl's merging survives.</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Process">Who.</param>
    public sealed record Exec(SourcePosition Position, Name Process) : Operation(Position);

    /// <summary><c>exit</c>.</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Process">Who.</param>
    public sealed record ExitProcess(SourcePosition Position, Name Process) : Operation(Position);

    /// <summary><c>thread</c>: this thread of the process acts from now on.</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Process">Who.</param>
    /// <param name="Number">The thread, from 0; it begins if it is the next one.</param>
    public sealed record Thread(SourcePosition Position, Name Process, int Number) : Operation(Position);

    /// <summary><c>cpu</c>: the thread of the process that acts runs on this CPU from now on.</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Process">Who.</param>
    /// <param name="Number">The CPU.</param>
    public sealed record Cpu(SourcePosition Position, Name Process, int Number) : Operation(Position);

    /// <summary><c>idle</c>: a CPU goes idle and keeps the translations of what it ran (lazy TLB).</summary>
    /// <param name="Position">Where it stands.</param>
    /// <param name="Number">The CPU.</param>
    public sealed record Idle(SourcePosition Position, int Number) : Operation(Position);
}
