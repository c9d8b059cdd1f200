using System;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace FastKsm.Primitives;

/// <summary>Cold half of every argument check, kept out of line so that callers stay small enough to inline.</summary>
[StackTraceHidden]
internal static class Throw
{
    /// <summary>Refuses a content whose length is zero or not whole granules.</summary>
    [DoesNotReturn]
    internal static void NotAContentSize(string parameter, int length) =>
        throw new ArgumentException(
            $"Expected a positive multiple of {Sizes.ContentGranule} bytes but got {length}.", parameter);

    /// <summary>Refuses two operands of unlike length.</summary>
    [DoesNotReturn]
    internal static void LengthsDiffer(string parameter, int expected, int actual) =>
        throw new ArgumentException($"Expected {expected} bytes, like the other operand, but got {actual}.", parameter);

    /// <summary>Refuses a value outside its range.</summary>
    [DoesNotReturn]
    internal static void OutOfRange(string parameter, object value, string range) =>
        throw new ArgumentOutOfRangeException(parameter, value, $"Expected {range} but got {value}.");

    /// <summary>Refuses an address or length that is not whole pages.</summary>
    [DoesNotReturn]
    internal static void NotPageAligned(string parameter, ulong value, ulong pageSize) =>
        throw new ArgumentException($"Expected a multiple of the page size, {pageSize}, but got 0x{value:x}.", parameter);
}
