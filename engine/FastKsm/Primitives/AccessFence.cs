namespace FastKsm;

/// <summary>Who pays for the order between an access and a flush.</summary>
public enum AccessFence
{
    /// <summary>
    /// The flush, by a barrier for all threads of the process, and only if another thread drives a target.
    /// </summary>
    ProcessWideBarrier,

    /// <summary>Each access, by a full fence: for workloads that flush nearly as often as they access.</summary>
    FullFence,
}
