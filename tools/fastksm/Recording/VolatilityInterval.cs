using System;

namespace FastKsm.Cli.Recording;

/// <summary>What happened to pages between two samples.</summary>
/// <param name="Length">Time between them.</param>
/// <param name="Compared">Pages that were there at both.</param>
/// <param name="Changed">Of these, those with another content at the second.</param>
/// <param name="Came">Pages that were there at the second only.</param>
/// <param name="Went">Pages that were there at the first only.</param>
/// <param name="Present">Pages at the second.</param>
/// <param name="Contents">Different contents at the second: frames, if all that is equal were merged.</param>
internal readonly record struct VolatilityInterval(
    TimeSpan Length, long Compared, long Changed, long Came, long Went, long Present, long Contents)
{
    /// <summary>Share of the pages compared that had changed.</summary>
    internal double Share => Compared > 0 ? Changed / (double)Compared : 0;
}
