using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using PageRun = FastKsm.Scripting.Running.PageRun;

namespace FastKsm.Cli.Conformance.Kernel;

/// <content>Moving frames.</content>
/// <remarks>
/// Nothing makes a kernel with one node move a given frame, but compaction moves many. The agent sees to it that the
/// script's are among them, which it has to know before the first page is touched, and which works once. Whether the pages
/// have moved is seen in pagemap. Other frames of the script move as well.
/// </remarks>
internal sealed partial class KernelPerformer
{
    private readonly bool _migrates;
    private int _readiness;

    /// <summary>Whether a frame that was to move has not; the next time it may.</summary>
    internal bool HasLeftFrame { get; private set; }

    /// <inheritdoc/>
    public void Migrate(int process, PageRun run, int? node)
    {
        Require(node is null, "migrate node: the host's nodes are what they are");
        KernelProcess who = Process(process);
        Dictionary<ulong, ulong> frames = [];
        for (ulong page = 0; page < run.Pages; page++)
        {
            ulong address = run.Address + BytesOf(page);
            ulong frame = who.Pagemap(address).Frame;
            if (frame != 0 && _session.Frames.StateOf(frame) is { IsAnonymous: true, IsZeroFrame: false })
            {
                frames.Add(address, frame);
            }
        }

        int error = _readiness != 0 ? _readiness : AskToCompact(makesReady: false);
        Require(error == 0, $"migrate: the kernel does not compact its memory: {Marshal.GetPInvokeErrorMessage(error)}");
        HasLeftFrame = frames.Any(page => who.Pagemap(page.Key).Frame == page.Value);
        Require(!HasLeftFrame, "migrate: compaction has left a frame where it was; it moves one at most once in a script");
    }

    // 0 or Linux's error number.
    private int AskToCompact(bool makesReady)
    {
        _session.Cancellation.ThrowIfCancellationRequested();
        return _session.Agent.Ask(AgentOperation.Compact, 0, [makesReady ? 0UL : 1UL]).Error;
    }
}
