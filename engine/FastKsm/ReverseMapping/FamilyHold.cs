namespace FastKsm.ReverseMapping;

/// <summary>A hold of locks of one family of anon_vmas, to be given back as it was taken.</summary>
/// <param name="Root">The family's root; 0 for no hold.</param>
/// <param name="First">First stripe, or, where the stripes wrap around, the first one behind the gap.</param>
/// <param name="Count">Number of stripes; they wrap around within the group.</param>
/// <param name="IsStriped">Whether they are stripes of a group; else it is the one lock of a small family.</param>
internal readonly record struct FamilyHold(uint Root, int First, int Count, bool IsStriped);
