using System;

namespace FastKsm.Perf.Versus.Swap;

/// <summary>Work on the tables of one device of some layout.</summary>
internal interface ISwapWork : IDisposable
{
    /// <summary>Allocates slots in batches of 16 until three quarters of the device are in use, and frees them, which
    /// is not timed.</summary>
    /// <returns>ns a slot.</returns>
    double Allocate();

    /// <summary>Slots live their whole life, on each of some CPUs at once: allocated, named, evicted, and in the order
    /// of their birth zapped.</summary>
    /// <returns>ns a slot, by the time that passes and the slots of all CPUs.</returns>
    double Live(int cpus);
}
