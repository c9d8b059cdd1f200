using System.Linq;

namespace FastKsm.Scripting.Syntax;

/// <summary>All words of the language but its operations and the names of counters.</summary>
internal static class Words
{
    /// <summary>What a mapping permits.</summary>
    internal static readonly WordTable<Protection> Protections = new(
        ("none", Protection.None),
        ("ro", Protection.Read),
        ("rw", Protection.Read | Protection.Write),
        ("rx", Protection.Read | Protection.Execute),
        ("rwx", Protection.Read | Protection.Write | Protection.Execute),
        ("wo", Protection.Write),
        ("wx", Protection.Write | Protection.Execute),
        ("xo", Protection.Execute));

    /// <summary>What can be advised.</summary>
    internal static readonly WordTable<MemoryAdvice> Advice = new(
        ("mergeable", MemoryAdvice.Mergeable),
        ("unmergeable", MemoryAdvice.Unmergeable),
        ("dontneed", MemoryAdvice.DontNeed),
        ("dontneed-locked", MemoryAdvice.DontNeedLocked),
        ("free", MemoryAdvice.Free),
        ("cold", MemoryAdvice.Cold),
        ("pageout", MemoryAdvice.PageOut),
        ("willneed", MemoryAdvice.WillNeed),
        ("remove", MemoryAdvice.Remove),
        ("normal", MemoryAdvice.Normal),
        ("random", MemoryAdvice.Random),
        ("sequential", MemoryAdvice.Sequential),
        ("dontfork", MemoryAdvice.DontFork),
        ("dofork", MemoryAdvice.DoFork),
        ("wipeonfork", MemoryAdvice.WipeOnFork),
        ("keeponfork", MemoryAdvice.KeepOnFork),
        ("dontdump", MemoryAdvice.DontDump),
        ("dodump", MemoryAdvice.DoDump),
        ("hugepage", MemoryAdvice.HugePage),
        ("nohugepage", MemoryAdvice.NoHugePage),
        ("collapse", MemoryAdvice.Collapse),
        ("populate-read", MemoryAdvice.PopulateRead),
        ("populate-write", MemoryAdvice.PopulateWrite),
        ("guard-install", MemoryAdvice.GuardInstall),
        ("guard-remove", MemoryAdvice.GuardRemove),
        ("hwpoison", MemoryAdvice.HardwarePoison),
        ("soft-offline", MemoryAdvice.SoftOffline));

    /// <summary>What a page is lent for.</summary>
    internal static readonly WordTable<PinKind> Pins = new(
        ("read", PinKind.Read), ("write", PinKind.Write), ("reference", PinKind.Reference));

    /// <summary>What a page can be.</summary>
    internal static readonly WordTable<PageState> States = new(
        ("present", PageState.Present),
        ("swapped", PageState.Swapped),
        ("ksm", PageState.Merged),
        ("zero", PageState.Zero),
        ("anon", PageState.Anonymous),
        ("huge", PageState.Huge),
        ("swapcache", PageState.SwapCached));

    /// <summary>Renders what a page is and is not, as <c>expect-page</c> writes it.</summary>
    internal static string Describe(PageState isState, PageState isNot) => string.Join(
        ' ',
        States.All.SelectMany(word => States.TryFind(word, out PageState state) && isState.HasFlag(state) ? [word]
            : isNot.HasFlag(state) ? (string[])["!" + word] : []));

    /// <summary>What frames keep.</summary>
    internal static readonly WordTable<FrameContent> Contents = new(
        ("page", FrameContent.Page), ("fingerprint", FrameContent.Fingerprint));

    /// <summary>How merging makes CPUs forget pages.</summary>
    internal static readonly WordTable<MergeFlushes> MergeFlushes = new(
        ("each", FastKsm.MergeFlushes.EachPage), ("batched", FastKsm.MergeFlushes.Batched));

    /// <summary>What stands behind a swap device.</summary>
    internal static readonly WordTable<SwapDeviceKind> SwapDevices = new(
        ("ssd", SwapDeviceKind.SolidState),
        ("rotational", SwapDeviceKind.Rotational),
        ("zram", SwapDeviceKind.Zram),
        ("file", SwapDeviceKind.File),
        ("holes", SwapDeviceKind.Holes));

    /// <summary>Reading or writing.</summary>
    internal static readonly WordTable<bool> ForWriting = new(("read", false), ("write", true));

    /// <summary>On or off.</summary>
    internal static readonly WordTable<bool> Switch = new(("on", true), ("off", false));

    /// <summary>What prctl does with the setting.</summary>
    internal static readonly WordTable<bool> Controls = new(("set", true), ("get", false));

    /// <summary>What userfaultfd does.</summary>
    internal static readonly WordTable<bool> UserFaults = new(("write-protect", true), ("write-unprotect", false));

    /// <summary>Comparisons; longer signs first, as the reader tries them in this order.</summary>
    internal static readonly WordTable<Relation> Relations = new(
        ("!=", Relation.NotEqual),
        ("<=", Relation.AtMost),
        (">=", Relation.AtLeast),
        ("<", Relation.Less),
        (">", Relation.Greater),
        ("=", Relation.Equal));

    /// <summary>Linux's names of what an operation can be refused with, and their numbers; signals have negative ones.</summary>
    internal static readonly WordTable<int> Errors = new(
        ("EPERM", 1),
        ("ENOENT", 2),
        ("EINTR", 4),
        ("EIO", 5),
        ("EBADF", 9),
        ("EAGAIN", 11),
        ("ENOMEM", 12),
        ("EACCES", 13),
        ("EFAULT", 14),
        ("EBUSY", 16),
        ("EEXIST", 17),
        ("ENODEV", 19),
        ("EINVAL", 22),
        ("ENOSPC", 28),
        ("ERANGE", 34),
        ("EOPNOTSUPP", 95),
        ("SIGBUS", -7),
        ("SIGKILL", -9),
        ("SIGSEGV", -11),
        ("exhausted", -100));

    /// <summary>Units of durations and their lengths in nanoseconds.</summary>
    internal static readonly WordTable<long> Units = new(
        ("ns", 1),
        ("us", 1_000),
        ("ms", 1_000_000),
        ("s", 1_000_000_000),
        ("m", 60_000_000_000),
        ("h", 3_600_000_000_000));
}
