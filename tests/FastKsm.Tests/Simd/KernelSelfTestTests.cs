using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.CompilerServices;
using FastKsm.Simd;
using Xunit;

namespace FastKsm.Tests.Simd;

[Trait("Category", "Simd")]
public sealed class KernelSelfTestTests
{
    [Fact]
    public void Run_OnThisCpu_EveryPathPassesOrSaysWhyNot()
    {
        IReadOnlyList<KernelSelfTestRow> rows = KernelSelfTest.Run(seed: 1);

        Assert.All(rows, row => Assert.NotEqual(KernelOutcome.Failed, row.Outcome));
        Assert.All(rows, row => Assert.Equal(row.Outcome == KernelOutcome.NotReached, row.Reason.Length != 0));
        Assert.All(rows.Where(row => row.IsTaken), row => Assert.Equal(KernelOutcome.Passed, row.Outcome));
        Assert.Equal(
            "checksum compare zero", string.Join(' ', rows.Where(row => row.IsTaken).Select(row => row.Kernel)));
    }

    [Fact]
    public void ChecksumCheck_LaneWithAPlantedBug_NamesTheContent()
    {
        Assert.Null(ChecksumCheck.Run<ChecksumLane128>(seed: 1));
        Assert.Contains("alignment 1,", ChecksumCheck.Run<WrongWhereUnaligned>(seed: 1), StringComparison.Ordinal);
        Assert.Contains("published", ChecksumCheck.Run<WrongInTheHighHalf>(seed: 1), StringComparison.Ordinal);
    }

    [Fact]
    public void CompareCheck_LaneWithAPlantedBug_NamesTheContent()
    {
        Assert.Null(CompareCheck.Run<Lane128>(seed: 1));
        Assert.Contains("difference", CompareCheck.Run<BlindInTheLastByte>(seed: 1), StringComparison.Ordinal);
        Assert.Contains("difference", CompareCheck.Run<LastDifferenceFirst>(seed: 1), StringComparison.Ordinal);
    }

    [Fact]
    public void ZeroCheck_LaneWithAPlantedBug_NamesTheContent()
    {
        Assert.Null(ZeroCheck.Run<Lane128>(seed: 1));
        Assert.Contains("bit set", ZeroCheck.Run<BlindInTheLastByte>(seed: 1), StringComparison.Ordinal);
        Assert.Contains("zeroes", ZeroCheck.Run<LastDifferenceFirst>(seed: 1), StringComparison.Ordinal);
    }

    private readonly struct WrongWhereUnaligned : IChecksumLane
    {
        public static ulong Hash64(ref readonly byte content, nuint length) =>
            ScalarChecksumLane.Hash64(in content, length) + (IsOdd(in content) ? 1u : 0u);

        public static UInt128 Hash128(ref readonly byte content, nuint length) =>
            ScalarChecksumLane.Hash128(in content, length);

        private static unsafe bool IsOdd(ref readonly byte content) =>
            ((nuint)Unsafe.AsPointer(ref Unsafe.AsRef(in content)) & 1) != 0;
    }

    private readonly struct WrongInTheHighHalf : IChecksumLane
    {
        public static ulong Hash64(ref readonly byte content, nuint length) =>
            ScalarChecksumLane.Hash64(in content, length);

        public static UInt128 Hash128(ref readonly byte content, nuint length) =>
            ScalarChecksumLane.Hash128(in content, length) ^ (UInt128.One << 64);
    }

    private readonly struct BlindInTheLastByte : IPageLane
    {
        public static int Width => 16;

        public static bool Differs(ref readonly byte left, ref readonly byte right, nuint offset) =>
            FirstDifference(in left, in right, offset) != Width;

        public static int FirstDifference(ref readonly byte left, ref readonly byte right, nuint offset)
        {
            int at = 0;
            while (at < Width - 1 && !ScalarLane.Differs(in left, in right, offset + (nuint)at))
            {
                at++;
            }

            return at < Width - 1 ? at : Width;
        }

        public static bool IsZero(ref readonly byte content, nuint offset)
        {
            int at = 0;
            while (at < Width - 1 && ScalarLane.IsZero(in content, offset + (nuint)at))
            {
                at++;
            }

            return at == Width - 1;
        }
    }

    private readonly struct LastDifferenceFirst : IPageLane
    {
        public static int Width => 16;

        public static bool Differs(ref readonly byte left, ref readonly byte right, nuint offset) =>
            Lane16.Differs(in left, in right, offset);

        public static int FirstDifference(ref readonly byte left, ref readonly byte right, nuint offset)
        {
            int at = Width - 1;
            while (!ScalarLane.Differs(in left, in right, offset + (nuint)at))
            {
                at--;
            }

            return at;
        }

        // Reads the byte after the step.
        public static bool IsZero(ref readonly byte content, nuint offset) =>
            Lane16.IsZero(in content, offset) && ScalarLane.IsZero(in content, offset + (nuint)Width);
    }

    private static class Lane16
    {
        internal static bool Differs(ref readonly byte left, ref readonly byte right, nuint offset)
        {
            bool differs = false;
            for (nuint at = 0; at < 16; at++)
            {
                differs |= ScalarLane.Differs(in left, in right, offset + at);
            }

            return differs;
        }

        internal static bool IsZero(ref readonly byte content, nuint offset)
        {
            bool zero = true;
            for (nuint at = 0; at < 16; at++)
            {
                zero &= ScalarLane.IsZero(in content, offset + at);
            }

            return zero;
        }
    }
}
