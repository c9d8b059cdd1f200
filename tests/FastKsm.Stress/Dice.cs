namespace FastKsm.Stress;

/// <summary>Random numbers at a few instructions each (xorshift), from a seed.</summary>
internal struct Dice
{
    private ulong _state;

    /// <param name="seed">The same seed, the same numbers.</param>
    internal Dice(ulong seed) => _state = (seed * 0x9E3779B97F4A7C15) ^ 0xD1B54A32D192ED03 | 1;

    /// <summary>A number from 0 to <paramref name="sides"/> - 1.</summary>
    internal int Roll(int sides)
    {
        _state ^= _state << 13;
        _state ^= _state >> 7;
        _state ^= _state << 17;
        return (int)(((_state >> 32) * (ulong)sides) >> 32);
    }
}
