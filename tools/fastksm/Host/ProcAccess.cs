namespace FastKsm.Cli.Host;

/// <summary>What is to be known of the <c>/proc</c> that is read.</summary>
/// <param name="IsOwnNamespace">Whether its ids are those of this process's pid namespace.</param>
/// <param name="HidesProcesses">Whether it hides processes of other users.</param>
/// <param name="ShowsProcessesOnly">Whether it lacks everything but processes (<c>subset=pid</c>).</param>
/// <param name="Sentence">What of this is out of the ordinary; empty if nothing is.</param>
internal sealed record ProcAccess(bool IsOwnNamespace, bool HidesProcesses, bool ShowsProcessesOnly, string Sentence);
