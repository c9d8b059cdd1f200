namespace FastKsm.Cli.Output;

/// <summary>A sentence of the report.</summary>
/// <param name="Priority">Where it stands.</param>
/// <param name="Text">One or more whole sentences; names in it need not be harmless.</param>
internal readonly record struct ReportNote(NotePriority Priority, string Text);
