using System;

namespace FastKsm.Scripting.Reading;

/// <summary>How an operation is written, with an example.</summary>
/// <param name="Usage">Its words; brackets stand around what may be left out.</param>
/// <param name="Example">A line that reads as this operation.</param>
/// <param name="Meaning">What it does, or what the example does: one sentence.</param>
public sealed record OperationForm(string Usage, string Example, string Meaning)
{
    /// <summary>Its first word.</summary>
    public string Keyword => Usage[..Usage.IndexOf(' ', StringComparison.Ordinal)];
}
