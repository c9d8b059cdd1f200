namespace FastKsm.Scripting.Syntax;

/// <summary>A workload script.</summary>
/// <param name="File">Its name, for messages.</param>
/// <param name="Operations">Its operations, in order. <c>machine</c> stands first or not at all.</param>
public sealed record Script(string File, ValueList<Operation> Operations);
