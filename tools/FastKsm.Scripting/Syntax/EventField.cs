namespace FastKsm.Scripting.Syntax;

/// <summary>A field of an event and its value.</summary>
/// <param name="Field">Linux's name of the field.</param>
/// <param name="Value">A number, or a word: a process for <c>mm</c>, <c>@NAME</c> of a remembered frame for <c>pfn</c>.</param>
public sealed record EventField(string Field, CounterValue Value);
