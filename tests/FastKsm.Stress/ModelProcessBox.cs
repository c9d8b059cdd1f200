namespace FastKsm.Stress;

/// <summary>A process, to be read whole by other threads.</summary>
/// <param name="Process">The process.</param>
internal sealed record ModelProcessBox(ModelProcess Process);
