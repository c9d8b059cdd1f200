using System;

namespace FastKsm.Cli;

/// <summary>Random numbers that are the same for a seed on every host and runtime: SplitMix64.</summary>
internal sealed class SeededRandom
{
    private ulong _state;

    /// <param name="seed">Where to begin.</param>
    internal SeededRandom(ulong seed) => _state = seed;

    /// <summary>A number from 0 to before <paramref name="bound"/>.</summary>
    internal int Next(int bound) => (int)Below((ulong)bound);

    /// <summary>A number from 0 to before <paramref name="bound"/>.</summary>
    internal ulong Below(ulong bound)
    {
        _state += 0x9E3779B97F4A7C15;
        ulong z = _state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return Math.BigMul(z ^ (z >> 31), bound, out _);
    }

    /// <summary>Whether one of so many chances comes true.</summary>
    internal bool OneIn(int chances) => Next(chances) == 0;

    /// <summary>One of some values.</summary>
    internal T Of<T>(params ReadOnlySpan<T> values) => values[Next(values.Length)];
}
