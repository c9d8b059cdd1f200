using System.Threading;

namespace FastKsm.Memory;

/// <summary>Makes allocations fail on purpose, so that every path out of exhaustion can be walked in tests.</summary>
/// <remarks>
/// Each allocation point of the engine asks <see cref="Strikes"/> once per attempt. Once armed, the chosen attempt and
/// all after it fail until <see cref="Disarm"/>: undoing must not allocate. Thread safety: all members may be called
/// concurrently.
/// </remarks>
internal sealed class AllocationFaults
{
    private const long Disarmed = long.MaxValue;

    private long _attemptsLeft = Disarmed;
    private int _struck;

    /// <summary>Whether an attempt has failed since <see cref="Arm"/>.</summary>
    internal bool HasStruck => Volatile.Read(ref _struck) != 0;

    /// <summary>Lets that many attempts pass and fails all later ones.</summary>
    internal void Arm(int attempts)
    {
        Volatile.Write(ref _struck, 0);
        Volatile.Write(ref _attemptsLeft, attempts);
    }

    /// <summary>Lets everything pass again.</summary>
    internal void Disarm() => Volatile.Write(ref _attemptsLeft, Disarmed);

    /// <summary>Whether this attempt has to fail.</summary>
    internal bool Strikes() => Volatile.Read(ref _attemptsLeft) != Disarmed && StrikesArmed();

    private bool StrikesArmed()
    {
        if (Interlocked.Decrement(ref _attemptsLeft) >= 0)
        {
            return false;
        }

        Volatile.Write(ref _struck, 1);
        return true;
    }
}
