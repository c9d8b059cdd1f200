namespace FastKsm.Cli.Scenarios.PreforkWorkers;

/// <summary>A web tier of forked workers, in pages of the model; each stands for <see cref="Scale"/> of a host's.</summary>
/// <remarks>
/// Defaults come from the counters published for Instagram's web tier with the patches that let a process ask for merging
/// (Linux commit d7597f59d1d3, a host of 64 GiB): pages_shared 129,547, pages_sharing 5,119,146, pages_unshared 1,760,924,
/// pages_volatile 10,761,341, 167 chains of 2,751 dups; that is 17.8 million pages. Divided by 128:
/// contents outside chains have (5,248,693 − 2,751 × 256) / (129,547 − 2,751) = 35.8 addresses, hence 36 processes;
/// (129,547 − 2,751) / 128 = 990 common contents; 2,751 × 256 / 36 / 128 = 153 filler pages a process. Of the volatile pages the
/// counters do not say which are shared by fork (35 of 36 addresses each) and which change: half of them each. What is left of
/// pages_unshared are pages of one process.
/// </remarks>
internal sealed record PreforkWorkload
{
    /// <summary>Forked workers; the controller that they are forked from comes on top.</summary>
    internal required int Workers { get; init; }

    /// <summary>Pages of a host for which one of the model stands.</summary>
    internal required int Scale { get; init; }

    /// <summary>Pages of a process whose contents every other process has as well, in a frame of its own.</summary>
    internal required int Common { get; init; }

    /// <summary>Pages of a process that all have one content, such as that of freed memory.</summary>
    internal required int Filler { get; init; }

    /// <summary>Pages that workers share with the controller by fork and never write.</summary>
    internal required int Inherited { get; init; }

    /// <summary>Pages of a process that nobody else has, written once.</summary>
    internal required int Private { get; init; }

    /// <summary>Pages of a process that are written again and again.</summary>
    internal required int Changing { get; init; }

    /// <summary>Further pages of a worker, written once and freed when the host has started.</summary>
    internal required int Starting { get; init; }

    /// <summary>Seconds from one write of a changing page to the next; less than a scan takes, so that ksmd finds it changed.</summary>
    internal required long ChangeSeconds { get; init; }

    /// <summary>Seconds until the host has started.</summary>
    internal required long StartSeconds { get; init; }

    /// <summary>Seconds that a worker lives before another takes its place; they take turns. 0: for ever.</summary>
    internal required long LifetimeSeconds { get; init; }

    /// <summary>
    /// Seconds after which a worker frees its private and changing pages, the memory of requests, and has new ones at other addresses;
    /// they take turns. 0: never.
    /// </summary>
    internal required long RequestSeconds { get; init; }

    /// <summary>Pages of a process once the host has started.</summary>
    internal int PagesOfAProcess => Common + Filler + Inherited + Private + Changing;

    /// <summary>Candidate pages of the model once the host has started.</summary>
    internal long Pages => (Workers + 1L) * PagesOfAProcess;
}
