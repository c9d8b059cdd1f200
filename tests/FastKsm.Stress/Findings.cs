using System.Collections.Concurrent;
using System.Threading;

namespace FastKsm.Stress;

/// <summary>What was wrong. The first finding stops the run.</summary>
internal sealed class Findings
{
    private const int Most = 20;

    private readonly ConcurrentQueue<string> _texts = new();
    private int _stop;

    /// <summary>Whether threads are to stop.</summary>
    internal bool IsStopping => Volatile.Read(ref _stop) != 0;

    /// <summary>Whether anything was wrong.</summary>
    internal bool Any => !_texts.IsEmpty;

    /// <summary>All of it.</summary>
    internal string[] Texts => [.. _texts];

    /// <summary>Notes something.</summary>
    internal void Add(string text)
    {
        if (_texts.Count < Most)
        {
            _texts.Enqueue(text);
        }

        Stop();
    }

    /// <summary>Threads stop soon.</summary>
    internal void Stop() => Volatile.Write(ref _stop, 1);
}
