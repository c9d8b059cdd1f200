using System;
using System.Globalization;
using FastKsm.Scripting.Running;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Cli.Conformance.Kernel;

/// <content>Same-page merging.</content>
/// <remarks>
/// Two settings belong to the driver, and a script sees what it has written itself: <c>sleep_millisecs</c>, by which ksmd is
/// woken, and the 1 of <c>run</c>, which is there only while a batch is under way.
/// </remarks>
internal sealed partial class KernelPerformer
{
    private const int Running = 1;

    private readonly PruneClock _clock = new();
    private long _run = Running;
    private long _sleep = 20;

    // Huge pages that were not made where they should have been, and those that khugepaged made.
    private long _hugePageAccidents;
    private string? _inconclusive;

    /// <summary>Why what has been seen so far proves nothing; null if it does.</summary>
    internal string? Inconclusive => _inconclusive
        ?? (HugePageAccidents() != _hugePageAccidents ? "the kernel had no room for a huge page, or made one behind the script's back" : null);

    /// <inheritdoc/>
    public void SetKnob(string knob, string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        uint? run = knob is "run" ? ParseRun(value) : null;
        int error = KsmFile.Write(knob, run == Running ? "0" : value);
        if (error != 0)
        {
            throw PerformerException.Refused(error, $"writing \"{value}\" to {knob}");
        }

        _run = run ?? _run;
        _sleep = knob is "sleep_millisecs" ? _session.Number(knob) : _sleep;
    }

    /// <inheritdoc/>
    public void Scan()
    {
        long before = _session.Number("full_scans");
        while (_run == Running)
        {
            long visits = _session.Number("pages_scanned");
            Batch();

            // A batch that visits nothing has come to the end of a scan, unless nobody is registered.
            if (_session.Number("full_scans") != before || _session.Number("pages_scanned") == visits)
            {
                return;
            }
        }
    }

    /// <inheritdoc/>
    public void Batch()
    {
        _session.Cancellation.ThrowIfCancellationRequested();
        if (_run != Running)
        {
            return;
        }

        if (_session.Text("advisor_mode") is not "none")
        {
            throw PerformerException.Impossible("scanning with the advisor on: it goes by real time and ksmd's CPU time");
        }

        bool hadChains = _session.Number("stable_node_chains") != 0;
        _clock.Begin();
        TraceBatch();
        uint interval = (uint)_session.Number("stable_node_chains_prune_millisecs");
        if (_inconclusive is null && (hadChains || _session.Number("stable_node_chains") != 0) && _clock.IsDoubtful(interval))
        {
            _inconclusive = $"the prune interval of {interval} ms may have elapsed in real time while chains existed; "
                + "set stable_node_chains_prune_millisecs to 0 or to something huge, or run it on an idle host";
        }
    }

    /// <inheritdoc/>
    public void Advance(Duration time)
    {
        TimeSpan span = time.ToTimeSpan();
        Require(span <= TimeSpan.FromMinutes(1), "advance by more than a minute: on the kernel it takes as long");

        // A tick more, so that what has elapsed in model time has certainly elapsed in the kernel's ticks.
        if (_session.Cancellation.WaitHandle.WaitOne(span + TimeSpan.FromMilliseconds(10)))
        {
            _session.Cancellation.ThrowIfCancellationRequested();
        }

        _clock.Advance(span);
    }

    /// <inheritdoc/>
    public void SetAdvisorCpu(Duration time) =>
        throw PerformerException.Impossible("advisor-cpu: ksmd takes the CPU time that it takes");

    // As the kernel's parser: a sign, leading zeroes, a newline. Null for what it refuses, or takes as nothing to do.
    private static uint? ParseRun(string value) => uint.TryParse(
        value.EndsWith('\n') ? value[..^1] : value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out uint run)
        ? run
        : null;

    private static long HugePageAccidents() => VmStat("thp_fault_fallback") + VmStat("thp_fault_fallback_charge") + VmStat("thp_collapse_alloc");

    private void StartMerging()
    {
        _zeroPages = _session.Number("ksm_zero_pages");
        _pagesScanned = _session.Number("pages_scanned");
        _pagesSkipped = _session.Number("pages_skipped");
        _copied = VmStat("cow_ksm");
        _swapCopied = VmStat("ksm_swpin_copy");
        _hugePageAccidents = HugePageAccidents();
    }
}
