using System.Collections.Generic;

namespace FastKsm.Scripting.Engine;

/// <summary>Who acts on a machine of a script, and which CPUs the script has made idle.</summary>
internal sealed class EngineTurns
{
    /// <summary>CPUs that stay idle until a thread acts there.</summary>
    internal HashSet<Cpu> Idle { get; } = [];

    /// <summary>The process that has acted last; null before the first one, or when it has exited.</summary>
    internal EngineProcess? Last { get; set; }

    /// <summary>The process that was the last one to begin another thread; null likewise.</summary>
    internal EngineProcess? Threaded { get; set; }

    /// <summary>A process has exited.</summary>
    internal void Forget(EngineProcess process)
    {
        Last = Last == process ? null : Last;
        Threaded = Threaded == process ? null : Threaded;
    }
}
