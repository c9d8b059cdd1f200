namespace FastKsm.Swapping;

/// <summary>Which memory cgroups the host has, and so which slots bear the id of a group.</summary>
internal enum GroupScope
{
    /// <summary>No groups: slots have no room for an id.</summary>
    None,

    /// <summary>cgroup v1: a slot that has taken over the charge of the page, from eviction to swap-in.</summary>
    V1,

    /// <summary>cgroup v2: every slot in use, from allocation to release.</summary>
    V2,
}
