using System.Collections.Generic;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Scripting.Running;

/// <summary>Counters and knobs by Linux's names. Those that Linux never resets count from the start of the script.</summary>
public interface ICounterSource
{
    /// <summary>Names that can be read.</summary>
    /// <param name="scope">Of what.</param>
    IReadOnlyCollection<string> CounterNames(CounterScope scope);

    /// <summary>Reads a counter or knob of the machine.</summary>
    /// <param name="counter">Its name.</param>
    /// <param name="value">What it reads as.</param>
    /// <returns>False for an unknown name.</returns>
    bool TryReadCounter(string counter, out CounterValue value);

    /// <summary>Reads a counter of a process.</summary>
    /// <param name="process">The process.</param>
    /// <param name="counter">Its name.</param>
    /// <param name="value">What it reads as.</param>
    /// <returns>False for an unknown name.</returns>
    bool TryReadCounter(int process, string counter, out CounterValue value);

    /// <summary>Reads a counter of the VMAs that lie in a run of pages: the sum over them.</summary>
    /// <param name="process">The process.</param>
    /// <param name="region">The pages.</param>
    /// <param name="counter">Its name.</param>
    /// <param name="value">What it reads as.</param>
    /// <returns>False for an unknown name.</returns>
    bool TryReadCounter(int process, PageRun region, string counter, out CounterValue value);
}
