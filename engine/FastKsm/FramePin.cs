using System;
using System.Threading;
using FastKsm.Primitives;

namespace FastKsm;

/// <summary>A frame on loan to a device or a pipe; disposing of it gives it back, even after its process has exited.</summary>
/// <remarks>Thread safety: all members may be called concurrently.</remarks>
public sealed class FramePin : IDisposable
{
    private readonly Machine _machine;
    private readonly int _cpu;
    private uint _pin;

    internal FramePin(Machine machine, int cpu, uint pin, Pfn frame)
    {
        _machine = machine;
        _cpu = cpu;
        _pin = pin;
        Frame = frame;
    }

    /// <summary>The frame; none if it was the zero frame, which needs no borrowing.</summary>
    public Pfn Frame { get; }

    /// <summary>Gives the frame back.</summary>
    /// <exception cref="ObjectDisposedException">The machine is gone.</exception>
    public void Dispose()
    {
        uint pin = Interlocked.Exchange(ref _pin, 0);
        if (pin != 0)
        {
            _machine.ThrowIfDisposed();
            _machine.Store.Unpin(_cpu, pin);
        }
    }
}
