namespace FastKsm.Cli.Evaluation;

/// <summary>Which page records stay. A struct, so that asking costs no call for each of millions of pages.</summary>
internal interface IPageRecordFilter
{
    /// <summary>Whether a record stays.</summary>
    bool Keeps(in PageRecord record);
}
