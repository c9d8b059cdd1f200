using FastKsm.Cli.Evaluation;

namespace FastKsm.Cli.Output;

/// <summary>How much of a result is shown.</summary>
/// <param name="ShowVmas">Whether every VMA is listed.</param>
/// <param name="Top">Rows of each table at most.</param>
/// <param name="Selection">The options that named the processes, as a shell takes them.</param>
/// <param name="By">By what processes are summed up; null for not at all.</param>
/// <param name="More">Further instances of each owner of which the cost is shown; at least one.</param>
internal sealed record ReportView(bool ShowVmas, int Top, string Selection, OwnerKind? By = null, int More = 1);
