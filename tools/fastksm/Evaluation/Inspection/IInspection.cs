namespace FastKsm.Cli.Evaluation.Inspection;

/// <summary>A way to look at contents: where the findings lie, and the inspectors that write them.</summary>
internal interface IInspection
{
    /// <summary>Makes room for the findings of a number of pages; by one thread, before they are handed to a reader.</summary>
    void Reserve(int count);

    /// <summary>An inspector for one reading thread.</summary>
    IPageInspector NewInspector();
}
