namespace FastKsm.Cli.Conformance.Kernel;

/// <summary>What the kernel agent can be asked for: numbers and arguments as in <c>protocol.h</c>.</summary>
internal enum AgentOperation
{
    Spawn = 1,
    Exit = 2,
    Unpin = 3,
    PeekPin = 4,
    Reset = 5,
    Swap = 6,
    Compact = 7,
    SwapAdd = 8,
    SwapAgain = 9,
    SwapRemove = 10,
    Fork = 16,
    Exec = 17,
    Map = 18,
    Unmap = 19,
    Protect = 20,
    Advise = 21,
    Remap = 22,
    Lock = 23,
    Synchronise = 24,
    Fill = 25,
    Poke = 26,
    Read = 27,
    Pin = 28,
    ForceWrite = 29,
    DirectIo = 30,
    Prctl = 31,
    Cpu = 32,
    AdviseEach = 34,
}
