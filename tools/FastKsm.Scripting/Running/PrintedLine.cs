using System.Collections.Generic;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Scripting.Running;

/// <summary>What one <c>print</c> shows.</summary>
/// <param name="Position">Where the operation stands.</param>
/// <param name="Values">The counters in the order of the script, by the names that it uses.</param>
public sealed record PrintedLine(SourcePosition Position, IReadOnlyList<(string Name, CounterValue Value)> Values);
