namespace FastKsm.Cli.Conformance.Kernel;

/// <summary>What the kernel agent says to a request.</summary>
/// <param name="Result">What the operation returns.</param>
/// <param name="Error">0, Linux's error number, or the negative number of a signal.</param>
/// <param name="LostTurns">How often a thread had to leave its CPU while the operation was traced.</param>
internal readonly record struct AgentAnswer(long Result, int Error, long LostTurns);
