using System.Collections.Generic;

namespace FastKsm.Cli.Conformance.Generation;

/// <summary>What the generator knows of a process: its name and its regions. Whether pages are still there it does not know.</summary>
internal sealed class GeneratedProcess
{
    /// <param name="name">Its name.</param>
    internal GeneratedProcess(string name) => Name = name;

    /// <summary>Its name.</summary>
    internal string Name { get; }

    /// <summary>Regions by name, with their pages.</summary>
    internal List<(string Name, int Pages)> Regions { get; } = [];

    /// <summary>Names of regions of files and of shared memory.</summary>
    internal HashSet<string> Backed { get; } = [];

    /// <summary>Pins that are out: region and page.</summary>
    internal List<(string Region, int Page)> Pins { get; } = [];

    /// <summary>Whether one of them may be for reading.</summary>
    internal bool HasReader { get; set; }

    /// <summary>Whether some of its pages may permit only writes.</summary>
    internal bool HasWriteOnly { get; set; }

    /// <summary>Number of the next region.</summary>
    internal int NextRegion { get; set; }

    /// <summary>A child that knows the same.</summary>
    internal GeneratedProcess Fork(string name)
    {
        GeneratedProcess child = new(name) { NextRegion = NextRegion, HasWriteOnly = HasWriteOnly };
        child.Regions.AddRange(Regions);
        child.Backed.UnionWith(Backed);
        return child;
    }
}
