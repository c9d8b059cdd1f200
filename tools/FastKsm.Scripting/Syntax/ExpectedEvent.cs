namespace FastKsm.Scripting.Syntax;

/// <summary>A tracepoint event that is to have been seen: <c>ksm_start_scan(seq=0,rmap_entries=3)</c>.</summary>
/// <param name="EventName">Linux's name of the tracepoint.</param>
/// <param name="Fields">The fields that matter; others may have any value.</param>
public sealed record ExpectedEvent(string EventName, ValueList<EventField> Fields);
