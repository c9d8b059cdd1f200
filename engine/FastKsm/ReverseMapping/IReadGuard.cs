namespace FastKsm.ReverseMapping;

/// <summary>Whether what has been read so far belongs together. A type argument, so that asking costs what it must.</summary>
internal interface IReadGuard
{
    /// <summary>False once somebody may have written meanwhile. What was read before is to be forgotten then, unused.</summary>
    bool Holds { get; }
}
