using System.Diagnostics;
using System.Threading;

namespace FastKsm.AddressSpaces;

/// <summary>
/// Who needs an address space: users of its memory, and those who only need the record (Linux's mm_users and mm_count).
/// </summary>
/// <remarks>
/// A process is one user, and so is a CPU that works on another process's memory. The last user that leaves unmaps all. All users
/// together hold the record once; so does the merger while the address space is registered. The last hold that ends gives the record
/// back for another address space. Thread safety: all members may be called concurrently.
/// </remarks>
internal struct UseCounts
{
    private int _users;
    private int _holds;

    /// <summary>Begins with one user. For an address space that no other thread can see.</summary>
    internal void Begin()
    {
        Debug.Assert(_users == 0 && _holds == 0, "A record is given out again when it is not needed any more.");
        Volatile.Write(ref _holds, 1);
        Volatile.Write(ref _users, 1);
    }

    /// <summary>One user more, unless the last has left: what is going away does not come back.</summary>
    internal bool TryAddUser()
    {
        int users = Volatile.Read(ref _users);
        while (users != 0)
        {
            int seen = Interlocked.CompareExchange(ref _users, users + 1, users);
            if (seen == users)
            {
                return true;
            }

            users = seen;
        }

        return false;
    }

    /// <summary>One user less.</summary>
    /// <returns>Whether it was the last, who has to unmap all and then to end the users' hold.</returns>
    internal bool DropUser()
    {
        int left = Interlocked.Decrement(ref _users);
        Debug.Assert(left >= 0, "More users left than came.");
        return left == 0;
    }

    /// <summary>One hold more. For who knows that there is another.</summary>
    internal void AddHold()
    {
        int holds = Interlocked.Increment(ref _holds);
        Debug.Assert(holds > 1, "Nothing kept the record.");
    }

    /// <summary>One hold less.</summary>
    /// <returns>Whether it was the last, who has to give the record back.</returns>
    internal bool DropHold()
    {
        int left = Interlocked.Decrement(ref _holds);
        Debug.Assert(left >= 0, "More holds ended than began.");
        return left == 0;
    }
}
