namespace FastKsm.Cli.Evaluation;

/// <summary>By what processes are summed up.</summary>
internal enum OwnerKind
{
    /// <summary>The systemd unit: the innermost service or scope of the cgroup's path.</summary>
    Unit,

    /// <summary>The container, by runtime and id.</summary>
    Container,

    /// <summary>The cgroup's path.</summary>
    Cgroup,

    /// <summary>The real user.</summary>
    User,

    /// <summary>The program's name.</summary>
    Command,
}
