namespace FastKsm.Cli.Output;

/// <summary>Form of a report.</summary>
internal enum ReportFormat
{
    /// <summary>Sentences and tables, for people.</summary>
    Table,

    /// <summary>One JSON object.</summary>
    Json,

    /// <summary>Comma-separated values.</summary>
    Csv,

    /// <summary>OpenMetrics text.</summary>
    OpenMetrics,
}
