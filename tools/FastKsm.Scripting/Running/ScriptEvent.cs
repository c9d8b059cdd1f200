using FastKsm.Scripting.Syntax;

namespace FastKsm.Scripting.Running;

/// <summary>A tracepoint event as a performer saw it.</summary>
/// <param name="EventName">Linux's name of the tracepoint.</param>
/// <param name="Fields">Its fields; <c>mm</c> is the number of a process, <c>pfn</c> that of a frame.</param>
public sealed record ScriptEvent(string EventName, ValueList<EventField> Fields);
