using System.Collections.Generic;

namespace FastKsm.Cli.Recording;

/// <summary>What changed in one process since the sample before.</summary>
/// <param name="Process">Number of the process in the recording, from 0.</param>
/// <param name="Changes">By place, ascending; each place once.</param>
internal sealed record ProcessChanges(int Process, IReadOnlyList<PageChange> Changes);
