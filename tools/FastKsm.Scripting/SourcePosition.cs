namespace FastKsm.Scripting;

/// <summary>A place in a script.</summary>
/// <param name="Line">Line, from 1; 0 for no place.</param>
/// <param name="Column">Byte of the line, from 1; a tab counts as one.</param>
public readonly record struct SourcePosition(int Line, int Column);
