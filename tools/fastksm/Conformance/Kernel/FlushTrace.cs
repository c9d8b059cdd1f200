using System;
using System.Collections.Generic;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using FastKsm.Cli.LiveProcesses;
using FastKsm.Scripting.Syntax;
using Microsoft.Win32.SafeHandles;

namespace FastKsm.Cli.Conformance.Kernel;

/// <summary>
/// The kernel's trace of TLB flushes, of one thread at a time, in an instance of tracing that the agent has made.
/// </summary>
/// <remarks>
/// The agent mounts the files where only its processes see them; here they are reached through its root folder in
/// <c>/proc</c>. The ring takes events only while the trace is on, which for an operation of a process that process
/// sees to itself, right before and right behind it. Thread safety: one thread at a time.
/// </remarks>
internal sealed unsafe class FlushTrace : IDisposable
{
    private const int OpenWriteOnly = 1;
    private const int OpenNonBlocking = 0x800;
    private const int WouldBlock = 11;

    private readonly string _directory;
    private readonly FlushEventFormat _format;
    private readonly SafeFileHandle _pipe;
    private readonly byte[] _buffer = new byte[1 << 16];
    private readonly List<FlushEvent> _events = [];
    private int _thread;

    private FlushTrace(string directory, FlushEventFormat format, SafeFileHandle pipe)
    {
        _directory = directory;
        _format = format;
        _pipe = pipe;
    }

    /// <summary>Whether events were lost, as they came faster than they were read.</summary>
    internal bool HasLost { get; private set; }

    /// <summary>Begins to trace.</summary>
    /// <param name="agent">Id of the agent, which has made the instance.</param>
    /// <exception cref="ToolException">
    /// The kernel does not trace flushes, or shows them in a way that is not known.
    /// </exception>
    internal static FlushTrace Begin(int agent)
    {
        string directory = string.Create(
            CultureInfo.InvariantCulture, $"/proc/{agent}/root/sys/kernel/tracing/instances/fastksm-{agent}/");
        string description = ProcFile.TryReadText(directory + "events/tlb/tlb_flush/format")
            ?? throw Refuse("this kernel has no tracepoint tlb:tlb_flush");
        FlushEventFormat format = FlushEventFormat.TryRead(description)
            ?? throw Refuse("this kernel prints its tracepoint tlb:tlb_flush in a way that is not known");
        const int Flags = LinuxNative.OpenReadOnly | OpenNonBlocking;
        SafeFileHandle pipe = ProcFile.TryOpen(directory + "trace_pipe", Flags, out int error)
            ?? throw Refuse($"cannot read trace_pipe: {Marshal.GetPInvokeErrorMessage(error)}");
        FlushTrace trace = new(directory, format, pipe);
        trace.Write("events/tlb/tlb_flush/enable", "1");
        return trace;
    }

    /// <summary>From now on only what this thread does is seen.</summary>
    /// <param name="thread">Its id.</param>
    internal void Watch(int thread)
    {
        if (_thread != thread)
        {
            Write("events/tlb/tlb_flush/filter", _format.FilterOf(thread));
            _thread = thread;
        }
    }

    /// <summary>Switches the trace on or off, for operations of those who do not do it themselves.</summary>
    internal void Switch(bool on) => Write("tracing_on", on ? "1" : "0");

    /// <summary>Takes the flush operations that have been seen since the last call.</summary>
    internal IReadOnlyList<FlushOperation> Take()
    {
        _events.Clear();
        string text = ReadAll();
        HasLost |= text.Contains("[LOST ", StringComparison.Ordinal);
        foreach (string line in text.Split('\n'))
        {
            if (_format.TryParse(line) is { } seen)
            {
                _events.Add(seen);
            }
        }

        return FlushDecoder.Decode(_events);
    }

    /// <summary>Closes the files; the instance goes with the agent.</summary>
    public void Dispose()
    {
        _ = TryWrite("events/tlb/tlb_flush/enable", "0");
        _pipe.Dispose();
    }

    private static ToolException Refuse(string why) => new(ExitCode.NotPermitted, $"conform --tlb: {why}.");

    private string ReadAll()
    {
        StringBuilder text = new();
        for (; ; )
        {
            int length = ProcFile.Read(_pipe, _buffer);
            if (length == -WouldBlock || length == 0)
            {
                return text.ToString();
            }

            _ = length > 0
                ? text.Append(Encoding.Latin1.GetString(_buffer, 0, length))
                : throw Refuse($"cannot read trace_pipe: {Marshal.GetPInvokeErrorMessage(-length)}");
        }
    }

    private void Write(string file, string text)
    {
        int error = TryWrite(file, text);
        if (error != 0)
        {
            throw Refuse($"cannot write {text} to {file}: {Marshal.GetPInvokeErrorMessage(error)}");
        }
    }

    private int TryWrite(string file, string text)
    {
        using SafeFileHandle? handle = ProcFile.TryOpen(_directory + file, OpenWriteOnly, out int error);
        if (handle is null)
        {
            return error;
        }

        byte[] bytes = Encoding.ASCII.GetBytes(text);
        fixed (byte* first = bytes)
        {
            nint written = LinuxNative.write((int)handle.DangerousGetHandle(), first, (nuint)bytes.Length);
            return written < 0 ? Marshal.GetLastPInvokeError() : 0;
        }
    }
}
