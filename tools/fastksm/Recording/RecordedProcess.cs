namespace FastKsm.Cli.Recording;

/// <summary>A process of a recording.</summary>
/// <param name="Pid">Its id.</param>
/// <param name="Name">The kernel's name of it, without arguments; need not be harmless.</param>
/// <param name="Places">Number of pages that it ever had at once or one after the other, by address.</param>
internal sealed record RecordedProcess(int Pid, string Name, int Places);
