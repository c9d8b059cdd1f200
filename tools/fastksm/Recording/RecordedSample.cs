using System;
using System.Collections.Generic;

namespace FastKsm.Cli.Recording;

/// <summary>One look at all processes.</summary>
/// <param name="Time">Since the first one.</param>
/// <param name="Processes">Those in which something changed, by number.</param>
internal sealed record RecordedSample(TimeSpan Time, IReadOnlyList<ProcessChanges> Processes);
