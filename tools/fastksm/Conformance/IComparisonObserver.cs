using FastKsm.Scripting.Running;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Cli.Conformance;

/// <summary>Looks on while a script is performed.</summary>
internal interface IComparisonObserver
{
    /// <summary>An operation is about to be performed.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="side">The first side.</param>
    /// <param name="runner">Its runner.</param>
    void Before(Operation operation, ConformanceSide side, ScriptRunner runner);

    /// <summary>All sides have performed it.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="outcome">What all of them made of it.</param>
    void After(Operation operation, StepOutcome outcome);

    /// <summary>The script has ended.</summary>
    /// <param name="side">The first side.</param>
    void End(ConformanceSide side);
}
