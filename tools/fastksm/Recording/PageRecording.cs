using System;
using System.Collections.Generic;

namespace FastKsm.Cli.Recording;

/// <summary>A recording, as it is in its file.</summary>
/// <param name="PageSize">Page size of the host, in bytes.</param>
/// <param name="Settings">The host's settings.</param>
/// <param name="SharedByFork">
/// Addresses left out at the first sample because they share a frame with one that is there.
/// </param>
/// <param name="Processes">All processes.</param>
/// <param name="Samples">All samples, by time; at least one.</param>
internal sealed record PageRecording(
    int PageSize, RecordedSettings Settings, long SharedByFork, IReadOnlyList<RecordedProcess> Processes, IReadOnlyList<RecordedSample> Samples)
{
    /// <summary>From the first sample to the last.</summary>
    internal TimeSpan Length => Samples[^1].Time;
}
