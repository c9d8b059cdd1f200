using System.Runtime.CompilerServices;

namespace FastKsm.Tlb;

/// <summary>CPUs of a machine, a bit each; those that a batch has to tell.</summary>
[InlineArray(Words)]
internal struct CpuMask
{
    /// <summary>Words, for as many CPUs as a machine can have.</summary>
    internal const int Words = 64;

    private ulong _first;
}
