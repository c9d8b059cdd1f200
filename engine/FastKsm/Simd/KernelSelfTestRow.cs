namespace FastKsm.Simd;

/// <summary>One path of one kernel, as <see cref="KernelSelfTest"/> found it.</summary>
/// <param name="Kernel">Name of the kernel: <c>checksum</c>, <c>compare</c> or <c>zero</c>.</param>
/// <param name="Path">Name of the path: <c>scalar</c>, or the instruction set it uses.</param>
/// <param name="Outcome">Whether it ran, and was right.</param>
/// <param name="IsTaken">Whether this is the path that the engine takes in this process.</param>
/// <param name="Reason">The first wrong result, or why the path was not reached; empty where it passed.</param>
/// <remarks>The default value names no kernel and is never returned.</remarks>
public readonly record struct KernelSelfTestRow(
    string Kernel, string Path, KernelOutcome Outcome, bool IsTaken, string Reason);
