using System;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace FastKsm.Cli.LiveProcesses;

/// <summary>Copies pages of another process without stopping it and without changing what its frames are.</summary>
/// <remarks>
/// Two ways, and the choice between them matters to the target:
/// <list type="bullet">
/// <item>process_vm_readv copies thousands of pages a call, but it *pins* them, and Linux (since 5.19) never pins an
/// anonymous page that may be shared: it gives the target a private copy first. Read like that, a forked worker loses
/// every frame it shares with its parent, and a KSM page is broken. So it is used only for pages that are mapped once
/// and are no KSM pages, nor parts of a large folio that fork has shared (<see cref="PinRisk"/>).</item>
/// <item><c>/proc/PID/mem</c> takes a plain reference, page by page: about 0.7 of the speed, and no effect. It also reads
/// pages without read permission. Its descriptor is bound to the address space, while process_vm_readv goes by id.</item>
/// </list>
/// Both raise a page fault in the target where the page has gone meanwhile. What they do about userfaultfd differs:
/// process_vm_readv waits for the handler, for ever if it never answers; <c>/proc/PID/mem</c> may not wait, tells the
/// handler nothing, and fails with EIO. So memory with a handler is read by reference only.
/// Thread safety: all members may be called from any thread.
/// </remarks>
internal static unsafe class ProcessMemory
{
    /// <summary>Largest number of pieces of one call (IOV_MAX).</summary>
    internal const int MaximumPieces = 1024;

    /// <summary>Copies pieces that are each mapped once, back to back into a buffer.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="pieces">Where the bytes are; at most <see cref="MaximumPieces"/>.</param>
    /// <param name="buffer">Room for all of them.</param>
    /// <param name="byteLength">Sum of the pieces' lengths.</param>
    /// <returns>Bytes copied, which end early at the first page that could not be read; or a negative error number.</returns>
    internal static long ReadExclusive(int pid, ReadOnlySpan<LinuxNative.IoVector> pieces, byte* buffer, nuint byteLength)
    {
        Debug.Assert(pieces.Length is > 0 and <= MaximumPieces, "The kernel refuses more.");
        LinuxNative.IoVector local = new() { Base = buffer, Length = byteLength };
        fixed (LinuxNative.IoVector* remote = pieces)
        {
            CallWatch.Begin();
            nint count = LinuxNative.process_vm_readv(pid, &local, 1, remote, (nuint)pieces.Length, 0);
            long result = count < 0 ? -Marshal.GetLastPInvokeError() : count;
            CallWatch.End();
            return result;
        }
    }

    /// <summary>Copies one range by reference: right for shared, merged and unreadable pages.</summary>
    /// <returns>Bytes copied, which end early at the first page that could not be read; or a negative error number.</returns>
    internal static long ReadShared(LiveProcess process, ulong address, byte* buffer, nuint byteLength) =>
        ProcFile.ReadAt(process.Memory!, buffer, byteLength, (long)address);
}
