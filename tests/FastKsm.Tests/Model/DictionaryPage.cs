using System.Collections.Generic;

namespace FastKsm.Tests.Model;

/// <summary>One mapped page of the naive machine.</summary>
internal sealed class DictionaryPage
{
    internal Protection Protection { get; set; }

    internal bool Locked { get; set; }

    internal bool DontFork { get; set; }

    internal bool WipeOnFork { get; set; }

    /// <summary>Pages of the shared object that this one is a view of; null for private memory.</summary>
    internal Dictionary<ulong, ulong>? Shared { get; init; }

    /// <summary>Index in the shared object.</summary>
    internal ulong Index { get; init; }

    /// <summary>Whether a private page has a backing object behind it.</summary>
    internal bool FileBacked { get; init; }

    /// <summary>Mapping it came from: pages of different backing objects never share a VMA.</summary>
    internal int Origin { get; init; }

    /// <summary>Whether the merger may take it.</summary>
    internal bool Mergeable { get; set; }

    /// <summary>Whether it has been offered by MADV_FREE and not been written since, so that paging it out may empty it.</summary>
    internal bool MayBeDropped { get; set; }

    internal ulong Value
    {
        get => Shared is null ? field : Shared.GetValueOrDefault(Index);
        set
        {
            if (Shared is null)
            {
                field = value;
            }
            else
            {
                Shared[Index] = value;
            }
        }
    }

    internal bool MayRead => Protection != Protection.None;

    /// <summary>Whether it may be faulted in on behalf of a borrower that reads: a write-only page may not, though its process reads it.</summary>
    internal bool MayBeReadByOthers => (Protection & Protection.Read) != Protection.None;

    internal bool MayWrite => (Protection & Protection.Write) != Protection.None;

    internal DictionaryPage Copy(bool forked, ulong? index = null) => new()
    {
        Protection = Protection,
        Locked = Locked && !forked,
        DontFork = DontFork,
        WipeOnFork = WipeOnFork,
        Shared = Shared,
        Index = index ?? Index,
        FileBacked = FileBacked,
        Origin = Origin,
        Mergeable = Mergeable,
        MayBeDropped = MayBeDropped,
        Value = Shared is not null ? (index is null ? Value : Shared.GetValueOrDefault(index.Value))
            : forked && WipeOnFork ? 0 : Value,
    };
}
