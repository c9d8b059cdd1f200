using System;
using System.Collections.Generic;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace FastKsm.Simd;

/// <summary>Checks every path of every kernel on the CPU it runs on, and says which paths it could not reach.</summary>
/// <remarks>
/// Each path is held against known answers and against the scalar reference, on random and on extreme contents, at every
/// alignment within a cache line. A run takes some milliseconds. Thread safety: stateless.
/// </remarks>
public static class KernelSelfTest
{
    private const string Checksum = "checksum";
    private const string Compare = "compare";
    private const string Zero = "zero";

    private const string Scalar = "scalar";
    private const string Sse2Path = "SSE2";
    private const string NeonPath = "NEON";
    private const string Avx2Path = "AVX2";
    private const string Avx512Path = "AVX-512";

    /// <summary>Runs all checks.</summary>
    /// <param name="seed">Any number; the same seed gives the same random contents.</param>
    /// <returns>A row for each path of each kernel, whether or not it can run here.</returns>
    public static IReadOnlyList<KernelSelfTestRow> Run(int seed)
    {
        // The narrow lanes are one path on x86 and another on Arm; in each process one of the two is out of reach.
        string? noSse2 = InstructionSets.WhySse2IsOut, noNeon = InstructionSets.WhyNeonIsOut;
        string? noAvx2 = InstructionSets.WhyAvx2IsOut, noAvx512 = InstructionSets.WhyAvx512IsOut;
        string narrow = noSse2 is null ? Sse2Path : noNeon is null ? NeonPath : Scalar;
        string page = Vector256.IsHardwareAccelerated ? Avx2Path : narrow;
        string checksum = Avx512F.IsSupported ? Avx512Path : page;

        return
        [
            Row(Checksum, Scalar, checksum, null, seed, ChecksumCheck.Run<ScalarChecksumLane>),
            Row(Checksum, Sse2Path, checksum, noSse2, seed, ChecksumCheck.Run<ChecksumLane128>),
            Row(Checksum, NeonPath, checksum, noNeon, seed, ChecksumCheck.Run<ChecksumLane128>),
            Row(Checksum, Avx2Path, checksum, noAvx2, seed, ChecksumCheck.Run<ChecksumLane256>),
            Row(Checksum, Avx512Path, checksum, noAvx512, seed, ChecksumCheck.Run<ChecksumLane512>),
            Row(Compare, Scalar, page, null, seed, CompareCheck.Run<ScalarLane>),
            Row(Compare, Sse2Path, page, noSse2, seed, CompareCheck.Run<Lane128>),
            Row(Compare, NeonPath, page, noNeon, seed, CompareCheck.Run<Lane128>),
            Row(Compare, Avx2Path, page, noAvx2, seed, CompareCheck.Run<Lane256>),
            Row(Zero, Scalar, page, null, seed, ZeroCheck.Run<ScalarLane>),
            Row(Zero, Sse2Path, page, noSse2, seed, ZeroCheck.Run<Lane128>),
            Row(Zero, NeonPath, page, noNeon, seed, ZeroCheck.Run<Lane128>),
            Row(Zero, Avx2Path, page, noAvx2, seed, ZeroCheck.Run<Lane256>),
        ];
    }

    private static KernelSelfTestRow Row(
        string kernel, string path, string taken, string? outOfReach, int seed, Func<int, string?> check)
    {
        if (outOfReach is not null)
        {
            return new KernelSelfTestRow(kernel, path, KernelOutcome.NotReached, IsTaken: false, outOfReach);
        }

        string? wrong = check(seed);
        bool isTaken = string.Equals(path, taken, StringComparison.Ordinal);
        return wrong is null
            ? new KernelSelfTestRow(kernel, path, KernelOutcome.Passed, isTaken, string.Empty)
            : new KernelSelfTestRow(kernel, path, KernelOutcome.Failed, isTaken, wrong);
    }
}
