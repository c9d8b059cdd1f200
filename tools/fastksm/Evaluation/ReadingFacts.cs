using System;
using FastKsm.Cli.Host;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Evaluation;

/// <summary>What is to be known of how the processes were read, and what was found beside the pages that can merge.</summary>
/// <param name="FrameNumbers">Whether frame numbers were visible.</param>
/// <param name="KsmBit">What the KSM bit of kpageflags is worth.</param>
/// <param name="Proc">The <c>/proc</c> that was read.</param>
/// <param name="Today">What is merged already.</param>
/// <param name="Shared">Memory that cannot merge, since it is shared.</param>
/// <param name="PinnedBytes">Pinned memory that was taken out, in bytes.</param>
/// <param name="PinnedSomewhereBytes">Pinned memory of which the place is not known, in bytes; it was not taken out.</param>
/// <param name="MarkedVmas">Number of VMAs that are marked mergeable today.</param>
/// <param name="LongestLock">No process's mmap lock was held for longer than this.</param>
internal sealed record ReadingFacts(
    FrameNumbers FrameNumbers,
    KsmBit KsmBit,
    ProcAccess Proc,
    MergedToday Today,
    SharedMemory Shared,
    long PinnedBytes,
    long PinnedSomewhereBytes,
    int MarkedVmas,
    TimeSpan LongestLock);
