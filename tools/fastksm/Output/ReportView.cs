namespace FastKsm.Cli.Output;

/// <summary>How much of a result is shown.</summary>
/// <param name="ShowVmas">Whether every VMA is listed.</param>
/// <param name="Top">Rows of each table at most.</param>
/// <param name="Selection">The options that named the processes, as a shell takes them.</param>
internal sealed record ReportView(bool ShowVmas, int Top, string Selection);
