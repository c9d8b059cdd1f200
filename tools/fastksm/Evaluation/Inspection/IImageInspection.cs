using System.Collections.Generic;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Evaluation.Inspection;

/// <summary>An inspection that needs the mappings of a process whose <c>/proc</c> files are not there.</summary>
internal interface IImageInspection : IInspection
{
    /// <summary>Tells the mappings, before any page of the process is seen.</summary>
    void Begin(LiveProcess process, IReadOnlyList<Vma> vmas);
}
