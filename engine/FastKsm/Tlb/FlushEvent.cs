namespace FastKsm.Tlb;

/// <summary>One step of a flush.</summary>
/// <param name="Kind">What it tells.</param>
/// <param name="Cpu">The CPU that does it, or in whose queue it stands.</param>
/// <param name="Initiator">The CPU that asked.</param>
/// <param name="ContextId">The address space; 0 for none.</param>
/// <param name="FirstPage">First page.</param>
/// <param name="Pages">Pages; all bits set for all.</param>
/// <param name="StrideShift">Binary logarithm of a stride's pages.</param>
/// <param name="Generation">The generation that goes with it; 0 for none.</param>
/// <param name="Value">
/// Of an operation, the other CPUs in its mask; of a request or a switch, 1 or 0; of instructions, their number; of a
/// handler's end, whether it removed anything.
/// </param>
/// <param name="End">How a handler ended.</param>
internal readonly record struct FlushEvent(
    FlushEventKind Kind,
    int Cpu,
    int Initiator = 0,
    ulong ContextId = 0,
    ulong FirstPage = 0,
    ulong Pages = 0,
    int StrideShift = 0,
    ulong Generation = 0,
    long Value = 0,
    HandlerEnd End = HandlerEnd.Nothing);
