using System;
using System.Globalization;
using System.Threading;

namespace FastKsm.Merging;

/// <summary>Threads that work through the chunks of a window together with the thread that owns the window.</summary>
/// <remarks>
/// One owner publishes a window, finishes its chunks in order and abandons it; between windows the workers spin, between
/// batches they sleep. Chunks are claimed in order from one word, `count 16 bits | next 16 bits`, so whoever swaps it has
/// claimed a chunk of the window that the word belongs to. What the owner wrote before publishing is seen by whoever claims
/// (the swap is a full fence); what a worker wrote is seen by the owner once it has read the chunk's flag (release, acquire).
/// No window is published while a chunk of the one before is in work: <see cref="Abandon"/> waits for it.
/// Thread safety: all members but the workers' own are for the owner, one thread at a time.
/// </remarks>
internal sealed class HashWorkers : IDisposable
{
    /// <summary>Most chunks of a window.</summary>
    internal const int MostChunks = 64;

    private readonly Action<int> _work;
    private readonly Thread[] _threads;
    private readonly int[] _done = new int[MostChunks];
    private readonly ManualResetEventSlim _wake = new(initialState: false, spinCount: 0);
    private volatile bool _awake;
    private volatile bool _stopping;
    private uint _claims;

    /// <param name="threads">Threads beside the owner; at least one.</param>
    /// <param name="work">Does a chunk; called by several threads at once, for different chunks. Must not throw.</param>
    internal HashWorkers(int threads, Action<int> work)
    {
        _work = work;
        _threads = new Thread[threads];
        for (int i = 0; i < threads; i++)
        {
#pragma warning disable RS0030 // The one place where the engine starts threads: they decide nothing and touch nothing but checksums.
            _threads[i] = new Thread(Run)
            {
                IsBackground = true,
                Name = string.Create(CultureInfo.InvariantCulture, $"FastKsm hashing {i + 1}"),
            };
#pragma warning restore RS0030
            _threads[i].Start();
        }
    }

    /// <summary>Whether the workers are awake.</summary>
    internal bool IsAwake => _awake;

    /// <summary>Windows are about to be published.</summary>
    internal void Wake()
    {
        _awake = true;
        _wake.Set();
    }

    /// <summary>No window will be published for a while.</summary>
    internal void Sleep()
    {
        Abandon();
        _wake.Reset();
        _awake = false;
    }

    /// <summary>Hands out a window; the one before has been abandoned.</summary>
    /// <param name="chunks">Its chunks; 1 to <see cref="MostChunks"/>.</param>
    internal void Publish(int chunks)
    {
        Array.Clear(_done, 0, chunks);
        Volatile.Write(ref _claims, (uint)chunks << 16);
    }

    /// <summary>Returns when a chunk is done; works on the window meanwhile.</summary>
    internal void Finish(int chunk)
    {
        SpinWait wait = default;
        while (Volatile.Read(ref _done[chunk]) == 0)
        {
            if (!TryWork())
            {
                wait.SpinOnce(sleep1Threshold: -1);
            }
        }
    }

    /// <summary>Takes the window back; when this returns, nobody works on it.</summary>
    internal void Abandon()
    {
        uint claims = Interlocked.Exchange(ref _claims, 0);
        int claimed = int.Min((int)(claims & ushort.MaxValue), (int)(claims >> 16));
        SpinWait wait = default;
        for (int chunk = 0; chunk < claimed; chunk++)
        {
            while (Volatile.Read(ref _done[chunk]) == 0)
            {
                wait.SpinOnce(sleep1Threshold: -1);
            }
        }
    }

    /// <summary>Ends the threads.</summary>
    public void Dispose()
    {
        Abandon();
        _stopping = true;
        _wake.Set();
        Array.ForEach(_threads, thread => thread.Join());
        _wake.Dispose();
    }

    private void Run()
    {
        SpinWait idle = default;
        while (!_stopping)
        {
            if (!_awake)
            {
                _wake.Wait();
                idle = default;
            }
            else if (TryWork())
            {
                idle = default;
            }
            else
            {
                idle.SpinOnce(sleep1Threshold: -1);
            }
        }
    }

    private bool TryWork()
    {
        uint claims = Volatile.Read(ref _claims);
        while ((claims & ushort.MaxValue) < claims >> 16)
        {
            uint seen = Interlocked.CompareExchange(ref _claims, claims + 1, claims);
            if (seen == claims)
            {
                int chunk = (int)(claims & ushort.MaxValue);
                _work(chunk);
                Volatile.Write(ref _done[chunk], 1);
                return true;
            }

            claims = seen;
        }

        return false;
    }
}
