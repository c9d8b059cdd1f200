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
        public static nuint Step => 16;

        public static nuint FirstDifference(ref readonly byte left, ref readonly byte right, nuint length)
        {
            nuint at = ScalarLane.FirstDifference(in left, in right, length);
            return at == length - 1 ? length : at;
        }

        public static bool IsZero(ref readonly byte content, nuint length) =>
            ScalarLane.IsZero(in content, length - 1);
    }

    private readonly struct LastDifferenceFirst : IPageLane
    {
        public static nuint Step => 16;

        public static nuint FirstDifference(ref readonly byte left, ref readonly byte right, nuint length)
        {
            nuint last = length;
            for (nuint at = 0; at < length; at++)
            {
                last = Unsafe.Add(ref Unsafe.AsRef(in left), at) != Unsafe.Add(ref Unsafe.AsRef(in right), at) ? at : last;
            }

            return last;
        }

        // Reads the byte after the content.
        public static bool IsZero(ref readonly byte content, nuint length) =>
            ScalarLane.IsZero(in content, length + 1);
    }
}
