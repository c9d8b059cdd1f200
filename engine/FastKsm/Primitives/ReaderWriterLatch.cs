using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading;

namespace FastKsm.Primitives;

/// <summary>A reader-writer lock whose holders may work for long: spins briefly, then parks.</summary>
/// <remarks>
/// State word: -1 a writer, n &gt; 0 readers, 0 free. A waiting writer keeps new readers out. Whoever is awake may overtake those
/// that are parked, which saves a change of threads for each hold; but one that has been woken in vain <see cref="Patience"/>
/// times gets the next hold that ends handed over, by the holder, so that neither kind starves: a writer's end lets in all readers
/// that demand it, or else one writer; the end of the last reader one writer. Thread safety: that is its job. Not reentrant.
/// </remarks>
internal sealed class ReaderWriterLatch
{
    private const int Spins = 32;

    /// <summary>Vain wake-ups after which a waiter demands its turn.</summary>
    private const int Patience = 4;

    private readonly LockRank _rank;

    // Waits are under the gate. A waiter counts itself before it tests the state, and who leaves changes the state before it
    // looks for waiters: either the waiter sees the lock free or it is seen, and then it is pulsed, under the gate, after it waits.
    private readonly object _gate = new();
    private int _state;
    private int _waiters;
    private int _waitingWriters;
    private uint _generation;

    // Under the gate.
    private int _demandingReaders;
    private int _demandingWriters;
    private uint _readersLetIn;
    private bool _writerLetIn;

    /// <param name="rank">Its place in the order of locks.</param>
    internal ReaderWriterLatch(LockRank rank) => _rank = rank;

    /// <summary>Takes the lock shared.</summary>
    internal void EnterRead([CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        if (LockRanks.IsOn)
        {
            LockRanks.Enter(_rank, file, line);
        }

        for (int i = 0; i < Spins; i++)
        {
            if (TryShare())
            {
                return;
            }

            Thread.SpinWait(8);
        }

        lock (_gate)
        {
            _ = Interlocked.Increment(ref _waiters);
            for (int vain = 0; !TryShare(); vain++)
            {
                if (vain >= Patience)
                {
                    uint letIn = _readersLetIn;
                    _demandingReaders++;
                    while (_readersLetIn == letIn)
                    {
                        _ = Monitor.Wait(_gate);
                    }

                    break;
                }

                _ = Monitor.Wait(_gate);
            }

            _ = Interlocked.Decrement(ref _waiters);
        }
    }

    /// <summary>Gives a shared hold back.</summary>
    internal void ExitRead()
    {
        if (LockRanks.IsOn)
        {
            LockRanks.Exit(_rank);
        }

        int left = Interlocked.Decrement(ref _state);
        Debug.Assert(left >= 0, "Shared hold released twice.");
        if (left == 0 && Volatile.Read(ref _waiters) != 0)
        {
            lock (_gate)
            {
                // Unless somebody overtook: then the end of that hold hands over.
                if (_demandingWriters != 0 && Interlocked.CompareExchange(ref _state, -1, 0) == 0)
                {
                    LetWriterIn();
                }

                Monitor.PulseAll(_gate);
            }
        }
    }

    /// <summary>Takes the lock alone.</summary>
    internal void EnterWrite([CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        if (LockRanks.IsOn)
        {
            LockRanks.Enter(_rank, file, line);
        }

        if (Interlocked.CompareExchange(ref _state, -1, 0) == 0)
        {
            return;
        }

        // Announced before it spins: a reader that comes and goes in short holds, one right after the other, is kept out after
        // the one that it is in, which is over sooner than a thread can be parked and woken.
        _ = Interlocked.Increment(ref _waitingWriters);
        bool entered = false;
        for (int i = 0; i < Spins && !entered; i++)
        {
            Thread.SpinWait(8);
            entered = Interlocked.CompareExchange(ref _state, -1, 0) == 0;
        }

        if (!entered)
        {
            lock (_gate)
            {
                _ = Interlocked.Increment(ref _waiters);
                for (int vain = 0; Interlocked.CompareExchange(ref _state, -1, 0) != 0; vain++)
                {
                    if (vain >= Patience)
                    {
                        _demandingWriters++;
                        while (!_writerLetIn)
                        {
                            _ = Monitor.Wait(_gate);
                        }

                        _writerLetIn = false;
                        break;
                    }

                    _ = Monitor.Wait(_gate);
                }

                _ = Interlocked.Decrement(ref _waiters);
            }
        }

        // Readers that have been kept out are woken when this hold ends.
        _ = Interlocked.Decrement(ref _waitingWriters);
    }

    /// <summary>Gives the sole hold back.</summary>
    internal void ExitWrite()
    {
        if (LockRanks.IsOn)
        {
            LockRanks.Exit(_rank);
        }

        Debug.Assert(_state == -1, "Sole hold released twice.");
        _generation++;
        if (Volatile.Read(ref _waiters) == 0)
        {
            // Whoever has come since finds the lock free, or somebody in it whose end hands it over.
            _ = Interlocked.Exchange(ref _state, 0);
            if (Volatile.Read(ref _waiters) != 0)
            {
                Wake();
            }

            return;
        }

        lock (_gate)
        {
            if (_demandingReaders != 0)
            {
                _ = Interlocked.Exchange(ref _state, _demandingReaders);
                _demandingReaders = 0;
                _readersLetIn++;
            }
            else if (_demandingWriters != 0)
            {
                LetWriterIn();
            }
            else
            {
                _ = Interlocked.Exchange(ref _state, 0);
            }

            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Sole holds so far, modulo 2^32; read under a shared hold. Equal twice: nothing has changed in between.</summary>
    internal uint Generation => _generation;

    /// <summary>Begins reading without a hold, which leaves the lock's cache line with all readers.</summary>
    /// <param name="generation">For <see cref="IsUnwritten"/>.</param>
    /// <returns>False while somebody holds the lock alone.</returns>
    internal bool TryBeginRead(out uint generation)
    {
        // Before the state: a writer that leaves in between is seen as gone, with all it wrote, or by its generation later.
        generation = Volatile.Read(ref _generation);
        return Volatile.Read(ref _state) >= 0;
    }

    /// <summary>Whether nobody has held the lock alone since <see cref="TryBeginRead"/>, so that what has been read belongs together.</summary>
    internal bool IsUnwritten(uint generation)
    {
        // What was read came before this. A writer of any of it is still seen by the state, or has left, and then its
        // generation, which it changed before it left, is there to be seen behind the state.
        LoadBarrier();
        return Volatile.Read(ref _state) >= 0 && Volatile.Read(ref _generation) == generation;
    }

    /// <summary>Whether somebody holds it alone; for assertions.</summary>
    internal bool IsHeldForWriting => Volatile.Read(ref _state) == -1;

    /// <summary>Whether somebody holds it; for assertions.</summary>
    internal bool IsHeld => Volatile.Read(ref _state) != 0;

    /// <summary>Takes the lock shared if nobody holds it alone or waits to.</summary>
    internal bool TryEnterRead([CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        bool entered = TryShare();
        if (LockRanks.IsOn && entered)
        {
            LockRanks.Tried(_rank, file, line);
        }

        return entered;
    }

    private bool TryShare()
    {
        int seen = Volatile.Read(ref _state);
        while (seen >= 0 && Volatile.Read(ref _waitingWriters) == 0)
        {
            // Other readers come and go: whoever parks for them might wait for a hold that nobody ends.
            int found = Interlocked.CompareExchange(ref _state, seen + 1, seen);
            if (found == seen)
            {
                return true;
            }

            seen = found;
        }

        return false;
    }

    private static void LoadBarrier()
    {
#if NET10_0_OR_GREATER
        Volatile.ReadBarrier();
#else
        Interlocked.MemoryBarrier();
#endif
    }

    private void Wake()
    {
        lock (_gate)
        {
            Monitor.PulseAll(_gate);
        }
    }

    // The state says -1 already, and stays so: the hold is that of whichever demanding writer wakes first.
    private void LetWriterIn()
    {
        Debug.Assert(!_writerLetIn, "Two writers let in.");
        _demandingWriters--;
        _writerLetIn = true;
    }
}
