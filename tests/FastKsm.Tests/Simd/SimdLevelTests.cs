using System;
using System.Linq;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using FastKsm.Simd;
using Xunit;

namespace FastKsm.Tests.Simd;

/// <summary>That each leg of tools/ci/simd-matrix.sh tests what it says: an inert switch would leave it green for nothing.</summary>
[Trait("Category", "Simd")]
public sealed class SimdLevelTests
{
    private const string ExpectVariable = "FASTKSM_EXPECT_SIMD";

    [Fact]
    public void Level_AskedForByTheMatrix_IsTheOneThatRuns()
    {
        string? expected = Environment.GetEnvironmentVariable(ExpectVariable);
        Assert.SkipWhen(string.IsNullOrEmpty(expected), $"needs {ExpectVariable}");

        // Preferred width, then the widest checksum path: PreferredVectorBitWidth moves the first and not the second.
        string width = Vector512.IsHardwareAccelerated ? "Vector512"
            : Vector256.IsHardwareAccelerated ? "Vector256"
            : Vector128.IsHardwareAccelerated ? "Vector128"
            : "Scalar";
        string checksum = Avx512F.IsSupported ? "AVX-512"
            : Vector256.IsHardwareAccelerated ? "AVX2"
            : Sse2.IsSupported ? "SSE2"
            : Vector128.IsHardwareAccelerated ? "NEON"
            : "scalar";

        Assert.Equal(expected, $"{width}/{checksum}");
        Assert.Equal(checksum, Taken("checksum"));
    }

    private static string Taken(string kernel) => KernelSelfTest.Run(seed: 1)
        .Single(row => row.IsTaken && string.Equals(row.Kernel, kernel, StringComparison.Ordinal))
        .Path;
}
