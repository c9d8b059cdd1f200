using System;

namespace FastKsm.AddressSpaces;

/// <summary>What checks at rest throw.</summary>
internal static class Invariant
{
    /// <summary>Throws unless an invariant holds.</summary>
    /// <param name="holds">Whether it does.</param>
    /// <param name="invariant">Its number.</param>
    /// <param name="page">The page where it does not.</param>
    /// <exception cref="InvalidOperationException">It does not.</exception>
    internal static void Require(bool holds, string invariant, ulong page)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"Invariant {invariant} is broken at page 0x{page:x}.");
        }
    }
}
