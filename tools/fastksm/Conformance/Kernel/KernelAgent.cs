using System;
using System.Buffers.Binary;
using System.Diagnostics;
using System.IO;
using System.IO.Pipes;
using System.Threading;
using FastKsm.Cli.LiveProcesses;
using HostProcess = System.Diagnostics.Process;

namespace FastKsm.Cli.Conformance.Kernel;

/// <summary>The running kernel agent: asks, and waits for the answer.</summary>
/// <remarks>
/// It saves KSM's settings when it starts and puts them back when its input ends: when this object is disposed of, and also
/// when this process dies. Thread safety: one thread at a time.
/// </remarks>
internal sealed class KernelAgent : IDisposable
{
    // struct request and struct response of protocol.h.
    private const int RequestSize = 56;
    private const int ResponseSize = 24;
    private const int ArgumentsOffset = 16;

    private readonly HostProcess _process;
    private readonly Stream _input;
    private readonly PipeStream _output;
    private readonly byte[] _request = new byte[RequestSize];
    private readonly byte[] _response = new byte[ResponseSize];
    private readonly CancellationToken _cancellation;
    private byte[] _payload = [];

    /// <summary>Starts it.</summary>
    /// <param name="cancellation">Ends every wait.</param>
    /// <exception cref="ToolException">It cannot be built, or does not start.</exception>
    internal KernelAgent(CancellationToken cancellation)
    {
        _cancellation = cancellation;
        ProcessStartInfo start = new(AgentBuilder.Build())
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };

        // The kernel would store to memory that is shared for this whenever it comes back to a thread that it had
        // interrupted. Right behind a fork such a store is a fault that flushes.
        start.Environment["GLIBC_TUNABLES"] = "glibc.pthread.rseq=0";
        _process = HostProcess.Start(start)!;
        _input = _process.StandardInput.BaseStream;
        _output = (PipeStream)_process.StandardOutput.BaseStream;
    }

    /// <summary>Its process id.</summary>
    internal int Id => _process.Id;

    /// <summary>Bytes that came with the last answer.</summary>
    internal ReadOnlySpan<byte> Payload => _payload;

    /// <summary>Asks for an operation.</summary>
    /// <param name="operation">Which.</param>
    /// <param name="process">Number of the process that performs it; 0 where none does.</param>
    /// <param name="arguments">At most five; those left out are 0.</param>
    /// <param name="payload">Bytes that follow; at most 65,536.</param>
    /// <exception cref="ToolException">The agent has ended.</exception>
    internal AgentAnswer Ask(
        AgentOperation operation, int process, ReadOnlySpan<ulong> arguments = default, ReadOnlySpan<byte> payload = default)
    {
        Span<byte> request = _request;
        request.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(request, (uint)operation);
        BinaryPrimitives.WriteUInt32LittleEndian(request[4..], (uint)process);
        BinaryPrimitives.WriteUInt32LittleEndian(request[8..], (uint)payload.Length);
        for (int i = 0; i < arguments.Length; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(request[(ArgumentsOffset + (i * sizeof(ulong)))..], arguments[i]);
        }

        try
        {
            _input.Write(request);
            _input.Write(payload);
            _input.Flush();
            WaitForAnswer();
            _output.ReadExactly(_response);
            _payload = new byte[BinaryPrimitives.ReadUInt32LittleEndian(_response.AsSpan(12))];
            _output.ReadExactly(_payload);
        }
        catch (IOException exception)
        {
            throw new ToolException(ExitCode.NotPermitted, $"conform: the kernel agent has ended: {exception.Message}");
        }

        return new AgentAnswer(
            BinaryPrimitives.ReadInt64LittleEndian(_response),
            BinaryPrimitives.ReadInt32LittleEndian(_response.AsSpan(8)),
            BinaryPrimitives.ReadInt64LittleEndian(_response.AsSpan(16)));
    }

    // An operation may take long; a read of the pipe could not be ended.
    private unsafe void WaitForAnswer()
    {
        const short Readable = 1;
        const int MillisecondsBetweenLooks = 100;
        LinuxNative.PollDescriptor output = new()
        {
            Descriptor = (int)_output.SafePipeHandle.DangerousGetHandle(),
            Wanted = Readable,
        };
        while (LinuxNative.poll(&output, 1, MillisecondsBetweenLooks) == 0)
        {
            _cancellation.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Ends it and waits until the settings are back.</summary>
    public void Dispose()
    {
        _input.Dispose();
        _process.WaitForExit();
        _output.Dispose();
        _process.Dispose();
    }
}
