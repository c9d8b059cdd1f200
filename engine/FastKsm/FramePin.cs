using System;
using FastKsm.AddressSpaces;
using FastKsm.Primitives;

namespace FastKsm;

/// <summary>
/// A frame on loan to a device or a pipe; disposing of it gives it back, even after its process has exited.
/// </summary>
/// <remarks>
/// A handle; all its copies stand for one loan, which is given back once. Borrowing allocates nothing. Thread safety: all members may
/// be called concurrently.
/// </remarks>
public readonly record struct FramePin : IDisposable
{
    private readonly Machine? _machine;
    private readonly int _cpu;
    private readonly uint _pin;
    private readonly uint _loan;

    internal FramePin(Machine machine, int cpu, uint pin, in PinRecord record)
    {
        _machine = machine;
        _cpu = cpu;
        _pin = pin;
        _loan = record.Loan;
        Frame = record.Frame;
    }

    /// <summary>The frame; none if it was the zero frame, which needs no borrowing.</summary>
    public Pfn Frame { get; }

    /// <summary>
    /// Reads what the borrower sees: the frame, whatever has become of the page that it was borrowed from.
    /// </summary>
    /// <param name="content">Receives what the machine keeps of a frame; one content size long.</param>
    /// <exception cref="ArgumentException">The length is not the content size.</exception>
    /// <exception cref="ObjectDisposedException">The frame has been given back, or the machine is gone.</exception>
    public void Read(Span<byte> content)
    {
        ObjectDisposedException.ThrowIf(_machine is null, typeof(FramePin));
        _machine.ThrowIfDisposed();
        ObjectDisposedException.ThrowIf(!_machine.Store.IsLent(_pin, _loan), typeof(FramePin));
        if (content.Length != _machine.Options.ContentSize)
        {
            Throw.LengthsDiffer(nameof(content), _machine.Options.ContentSize, content.Length);
        }

        if (Frame.IsSome)
        {
            _machine.Store.Frames.Content(Frame).CopyTo(content);
        }
        else
        {
            content.Clear();
        }
    }

    /// <summary>
    /// Gives the frame back. Nothing is left to do for a frame whose machine is gone, or that has been given back.
    /// </summary>
    /// <exception cref="InvalidOperationException">
    /// A listener of events calls; the frame stays on loan, and can be given back later.
    /// </exception>
    public void Dispose()
    {
        if (_machine is null || _machine.IsDisposed || !_machine.Store.IsLent(_pin, _loan))
        {
            return;
        }

        _machine.ThrowIfDisposed();
        _machine.Store.Unpin(_cpu, _pin, _loan);
    }
}
