using FastKsm.Scripting;
using FastKsm.Scripting.Running;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Cli.Conformance;

/// <summary>What one side made of one operation. Two of them are equal if the sides agree.</summary>
/// <param name="Kind">What kind of end it came to.</param>
/// <param name="Error">Linux's name of the error with which it was refused; else empty.</param>
internal sealed record StepOutcome(StepKind Kind, string Error = "")
{
    /// <summary>Performed.</summary>
    internal static readonly StepOutcome Done = new(StepKind.Done);

    /// <summary>One line for people; no part of its identity.</summary>
    internal string Detail { get; private init; } = "done";

    /// <inheritdoc/>
    public bool Equals(StepOutcome? other) => other is not null && Kind == other.Kind && string.Equals(Error, other.Error, System.StringComparison.Ordinal);

    /// <inheritdoc/>
    public override int GetHashCode() => Kind.GetHashCode();

    /// <summary>What an exception of the runner means.</summary>
    internal static StepOutcome Of(Operation operation, ScriptException exception)
    {
        PerformerException? cause = exception.InnerException as PerformerException;
        bool isRefusal = cause is { Failure: PerformerFailure.Refused } && operation is not Operation.ExpectError;
        return exception.Outcome switch
        {
            ScriptOutcome.NotImplemented => new(StepKind.Impossible) { Detail = exception.Detail },
            ScriptOutcome.BadScript when cause is not null => new(StepKind.Impossible) { Detail = exception.Detail },
            ScriptOutcome.BadScript => new(StepKind.Bad) { Detail = exception.Message },
            ScriptOutcome.Exhausted => new(StepKind.Exhausted) { Detail = exception.Detail },
            _ when isRefusal => new(StepKind.Refused, cause!.Error!) { Detail = $"refused: {cause.Error}" },
            _ => new(StepKind.CheckFailed) { Detail = exception.Detail },
        };
    }

    /// <summary>The side itself has failed.</summary>
    internal static StepOutcome Broken(System.Exception exception) =>
        new(StepKind.Broken) { Detail = $"{exception.GetType().Name}: {exception.Message.ReplaceLineEndings(" ")}" };
}
