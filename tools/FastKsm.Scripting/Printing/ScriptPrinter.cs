using System;
using System.Collections.Generic;
using System.Text;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Scripting.Printing;

/// <summary>Writes operations as scripts write them; reading the result gives the same operations again.</summary>
/// <remarks>Thread safety: all members may be called concurrently.</remarks>
public static partial class ScriptPrinter
{
    private static readonly string[] s_units = ["h", "m", "s", "ms", "us", "ns"];

    /// <summary>A whole script, one operation a line.</summary>
    /// <param name="operations">Its operations.</param>
    public static string Print(IEnumerable<Operation> operations)
    {
        ArgumentNullException.ThrowIfNull(operations);
        StringBuilder text = new();
        foreach (Operation operation in operations)
        {
            text.Append(Print(operation)).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>One operation, without the end of its line.</summary>
    /// <param name="operation">The operation.</param>
    public static string Print(Operation operation)
    {
        ArgumentNullException.ThrowIfNull(operation);
        return PrintMapping(operation) ?? PrintAccess(operation) ?? PrintControl(operation) ?? PrintCheck(operation)
            ?? throw new ArgumentOutOfRangeException(nameof(operation), operation, "The operation has no text.");
    }

    private static string? PrintMapping(Operation operation) => operation switch
    {
        Operation.Spawn o => $"spawn {o.Process}{Option("group=", o.Group?.Text)}{Option("cpu=", o.RunsOn)}",
        Operation.Fork o => $"fork {o.Parent} {o.Child}",
        Operation.Exec o => $"exec {o.Process}",
        Operation.ExitProcess o => $"exit {o.Process}",
        Operation.Thread o => $"thread {o.Process} {o.Number}",
        Operation.Cpu o => $"cpu {o.Process} {o.Number}",
        Operation.Idle o => $"idle {o.Number}",
        Operation.Map o => $"map {o.Process} {o.Region} {o.Pages}{Of(o.Settings)}",
        Operation.Unmap o => $"unmap {o.Process} {Of(o.Pages)}",
        Operation.Protect o => $"protect {o.Process} {Of(o.Pages)} {Words.Protections.WordOf(o.Protection)}",
        Operation.Advise o => $"advise {o.Process} {Of(o.Pages)} {Words.Advice.WordOf(o.Advice)}",
        Operation.Remap o => $"remap {o.Process} {Of(o.Pages)}{Of(o.Settings)}",
        Operation.Break o => $"brk {o.Process} {o.Region} {o.Pages}",
        Operation.Lock o => $"lock {o.Process} {Of(o.Pages)}",
        Operation.Unlock o => $"unlock {o.Process} {Of(o.Pages)}",
        Operation.Synchronise o => $"sync {o.Process} {Of(o.Pages)}",
        Operation.UserFault o => $"userfault {o.Process} {Of(o.Pages)} {Words.UserFaults.WordOf(o.WriteProtect)}",
        _ => null,
    };

    private static string? PrintAccess(Operation operation) => operation switch
    {
        Operation.Fill o => $"fill {o.Process} {Of(o.Pages)} {Of(o.Pattern)}",
        Operation.Write o => $"write {o.Process} {Of(o.Page)} {o.Content}",
        Operation.Poke o => $"poke {o.Process} {Of(o.Place)} {string.Join(' ', o.Bytes)}",
        Operation.Read o => $"read {o.Process} {Of(o.Pages)}",
        Operation.Populate o => $"populate {o.Process} {Of(o.Pages)} {Words.ForWriting.WordOf(o.ForWriting)}",
        Operation.Pin o => $"pin {o.Process} {Of(o.Pages)} {Words.Pins.WordOf(o.Kind)}",
        Operation.Unpin o => $"unpin {o.Process} {Of(o.Pages)}",
        Operation.ForceWrite o => $"force-write {o.Process} {Of(o.Page)} {o.Content}",
        Operation.DirectIo o =>
            $"direct-io {o.Process} {Of(o.Pages)} {(o.Arrives is { } content ? $"read {content}" : "write")}",
        _ => null,
    };

    private static string? PrintControl(Operation operation) => operation switch
    {
        Operation.Machine o => $"machine{Of(o.Settings)}",
        Operation.Knobs o => $"ksm{Each(o.Settings, setting => $"{setting.Knob}={setting.Value}")}",
        Operation.MergeAnything o => $"prctl {o.Process} merge={Words.Switch.WordOf(o.Enabled)}",
        Operation.MergeControl o =>
            $"prctl {o.Process} {Words.Controls.WordOf(o.Sets)}{Each(o.Arguments, value => $"{value}")}",
        Operation.Run o => $"run {o.Value}",
        Operation.Scan o => $"scan {o.Count}",
        Operation.Batch o => $"batch {o.Count}",
        Operation.Advance o => $"advance {Of(o.Time)}",
        Operation.AdvisorCpu o => $"advisor-cpu {Of(o.Time)}",
        Operation.Migrate o => $"migrate {o.Process} {Of(o.Pages)}{Option("node=", o.Node)}",
        Operation.PageOut o => $"pageout {o.Process} {Of(o.Pages)}",
        Operation.Reclaim o => $"reclaim {o.Group} {o.Pages}",
        Operation.Limit o => $"limit {o.Group} {(o.Pages is { } pages ? $"{pages}" : "none")}{Option("swap=", o.Swap)}",
        Operation.SwapOn o => $"swapon {o.Device} {o.Pages}{Of(o.Settings)}",
        Operation.SwapOff o => $"swapoff {o.Device}",
        Operation.Offline o => $"offline node={o.Node}",
        Operation.Online o => $"online node={o.Node}",
        _ => null,
    };

    private static string? PrintCheck(Operation operation) => operation switch
    {
        Operation.Expect o => $"expect{Each(o.Conditions, Of)}",
        Operation.Print o => $"print{Each(o.Counters, printed => $"{printed.Counter}")}",
        Operation.ExpectContent o => $"expect-bytes {o.Process} {Of(o.Pages)} {Of(o.Pattern)}",
        Operation.ExpectBytes o => $"expect-bytes {o.Process} {Of(o.Place)} {string.Join(' ', o.Bytes)}",
        Operation.ExpectPinned o => $"expect-pinned {o.Process} {Of(o.Page)} {o.Content}",
        Operation.RememberFrame o => $"remember-frame {o.Frame} {o.Process} {Of(o.Page)}",
        Operation.ExpectFrame o => $"expect-{(o.Same ? "same" : "other")}-frame {Of(o.Left)} {Of(o.Right)}",
        Operation.ExpectMapCount o => $"expect-mapcount {o.Process} {Of(o.Pages)} {o.Count}",
        Operation.ExpectZeroFrame o => $"expect-zero-frame {o.Process} {Of(o.Pages)}",
        Operation.ExpectPage o => $"expect-page {o.Process} {Of(o.Pages)} {Words.Describe(o.Is, o.IsNot)}",
        Operation.ExpectVma o =>
            $"expect-vma {o.Process} {Of(o.Pages)}{Each(o.Has, flag => flag)}{Each(o.HasNot, flag => "!" + flag)}",
        Operation.ExpectEvents o => o.Events.Count == 0 ? "expect-events none" : $"expect-events{Each(o.Events, Of)}",
        Operation.ExpectFlushes o => $"expect-flushes {o.Initiator} {Of(o.Flushes)}",
        Operation.ExpectError o => $"expect-error {o.Error} {Print(o.Refused)}",
        _ => null,
    };
}
