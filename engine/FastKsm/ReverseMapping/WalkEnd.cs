namespace FastKsm.ReverseMapping;

/// <summary>How a walk ended.</summary>
internal enum WalkEnd
{
    /// <summary>Every VMA that it concerns has been visited.</summary>
    Complete,

    /// <summary>A visit stopped it.</summary>
    Stopped,

    /// <summary>The lock was busy and the caller would not wait: nothing is known.</summary>
    Contended,
}
