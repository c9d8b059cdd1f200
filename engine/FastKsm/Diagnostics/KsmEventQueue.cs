using System;
using System.Collections.Generic;
using System.Threading;
using FastKsm.Primitives;

namespace FastKsm.Diagnostics;

/// <summary>Events on their way out of the engine: noted under its locks, told to listeners after those are dropped.</summary>
/// <remarks>
/// The order in which events are noted is the order in which they are told. While nobody listens nothing is noted, and
/// nothing allocated. Thread safety: all members may be called concurrently; the gate is a leaf and is not held while
/// listeners run.
/// </remarks>
internal sealed class KsmEventQueue
{
    private static int s_lastMachine;

    private readonly RankedLock _gate = new(LockRank.Events);
    private readonly int _machine = Interlocked.Increment(ref s_lastMachine);
    private List<KsmEvent> _waiting = [];
    private List<KsmEvent> _told = [];
    private Action<KsmEvent>? _listener;
    private int _emitter;

    /// <summary>Whether anybody listens.</summary>
    internal bool IsOn => _listener is not null || KsmEventSource.Log.IsEnabled();

    /// <summary>Whether the calling thread is telling a listener at this moment.</summary>
    internal bool IsEmitting => _emitter != 0 && _emitter == Environment.CurrentManagedThreadId;

    /// <summary>Number of the machine in the event source.</summary>
    internal int Machine => _machine;

    /// <summary>Adds a listener.</summary>
    /// <returns>Dispose of it to remove the listener.</returns>
    internal IDisposable Listen(Action<KsmEvent> listener)
    {
        using (_gate.Hold())
        {
            _listener += listener;
        }

        return new Subscription(this, listener);
    }

    /// <summary>Notes an event; call only while <see cref="IsOn"/>.</summary>
    internal void Add(in KsmEvent what)
    {
        using (_gate.Hold())
        {
            _waiting.Add(what);
        }
    }

    /// <summary>Tells what has been noted. For callers that hold no lock of the engine.</summary>
    /// <remarks>If another thread is telling already, it tells these events, too.</remarks>
    internal void Flush()
    {
        if (LockRanks.IsOn)
        {
            LockRanks.AssertOutsideOfLeaves("Telling listeners");
        }

        while (_waiting.Count != 0 && TryTake(out List<KsmEvent> events))
        {
            try
            {
                foreach (KsmEvent what in events)
                {
                    KsmEventSource.Log.Write(what, _machine);
                    _listener?.Invoke(what);
                }
            }
            finally
            {
                events.Clear();
                using (_gate.Hold())
                {
                    // Whoever noted an event and left it to this thread did so before; the loop sees it.
                    _emitter = 0;
                }
            }
        }
    }

    private bool TryTake(out List<KsmEvent> events)
    {
        using (_gate.Hold())
        {
            events = _waiting;
            if (_emitter != 0 || events.Count == 0)
            {
                return false;
            }

            _emitter = Environment.CurrentManagedThreadId;
            (_waiting, _told) = (_told, events);
            return true;
        }
    }

    private void Remove(Action<KsmEvent> listener)
    {
        using (_gate.Hold())
        {
            _listener -= listener;
        }
    }

    private sealed class Subscription(KsmEventQueue queue, Action<KsmEvent> listener) : IDisposable
    {
        private Action<KsmEvent>? _listener = listener;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _listener, null) is { } removed)
            {
                queue.Remove(removed);
            }
        }
    }
}
