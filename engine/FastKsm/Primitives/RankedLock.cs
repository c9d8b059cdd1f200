using System.Runtime.CompilerServices;
using System.Threading;

namespace FastKsm.Primitives;

/// <summary>A lock that threads park on, with its place in the order of locks.</summary>
/// <remarks>Thread safety: that is its job.</remarks>
internal sealed class RankedLock
{
    private readonly Lock _lock = new();
    private readonly LockRank _rank;

    internal RankedLock(LockRank rank) => _rank = rank;

    /// <summary>Takes it until the scope is disposed of.</summary>
    internal Scope Hold([CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        Enter(file, line);
        return new Scope(this);
    }

    /// <summary>Takes it.</summary>
    internal void Enter([CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        if (LockRanks.IsOn)
        {
            LockRanks.Enter(_rank, file, line);
        }

        _lock.Enter();
    }

    /// <summary>Gives it back.</summary>
    internal void Exit()
    {
        _lock.Exit();
        if (LockRanks.IsOn)
        {
            LockRanks.Exit(_rank);
        }
    }

    /// <summary>The time for which a lock is held.</summary>
    internal readonly ref struct Scope
    {
        private readonly RankedLock _lock;

        internal Scope(RankedLock held) => _lock = held;

        /// <summary>Gives the lock back.</summary>
        public void Dispose() => _lock.Exit();
    }
}
