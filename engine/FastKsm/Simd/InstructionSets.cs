using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace FastKsm.Simd;

/// <summary>Why a path's instruction set is out of reach in this process; null where it is not.</summary>
internal static class InstructionSets
{
    // CPUID leaf 7, subleaf 0, register EBX (Intel SDM volume 2, AMD APM volume 3).
    private const int ExtendedFeatures = 7;
    private const int Avx2Bit = 1 << 5;
    private const int Avx512FoundationBit = 1 << 16;

    internal static string? WhySse2IsOut => Sse2.IsSupported ? null : WhyX86IsOut ?? "this CPU lacks it";

    internal static string? WhyNeonIsOut =>
        AdvSimd.IsSupported ? null
        : RuntimeInformation.ProcessArchitecture is not Architecture.Arm64 ? "not an Arm CPU"
        : "switched off (DOTNET_EnableHWIntrinsic)";

    internal static string? WhyAvx2IsOut => Avx2.IsSupported
        ? null
        : WhyX86IsOut
            ?? (Has(Avx2Bit) ? "switched off (DOTNET_EnableAVX2, or a set it needs)" : "this CPU lacks it");

    internal static string? WhyAvx512IsOut => Avx512F.IsSupported
        ? null
        : WhyX86IsOut
            ?? (Has(Avx512FoundationBit) ? "switched off (DOTNET_EnableAVX512, or a set it needs)" : "this CPU lacks it");

    private static string? WhyX86IsOut =>
        RuntimeInformation.ProcessArchitecture is not (Architecture.X64 or Architecture.X86) ? "not an x86 CPU"
        : !X86Base.IsSupported ? "switched off (DOTNET_EnableHWIntrinsic)"
        : null;

    private static bool Has(int bit) =>
        X86Base.CpuId(0, 0).Eax >= ExtendedFeatures && (X86Base.CpuId(ExtendedFeatures, 0).Ebx & bit) != 0;
}
