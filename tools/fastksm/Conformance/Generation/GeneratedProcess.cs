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

    /// <summary>Whether it is, or has been, a child or a parent: some of its frames may be mapped by others too.</summary>
    internal bool IsForked { get; set; }

    /// <summary>Whether it has locked pages.</summary>
    internal bool HasLocked { get; set; }

    /// <summary>Pins that are out: region and page.</summary>
    internal List<(string Region, int Page)> Pins { get; } = [];

    /// <summary>Number of the next region.</summary>
    internal int NextRegion { get; set; }

    /// <summary>A child that knows the same.</summary>
    internal GeneratedProcess Fork(string name)
    {
        IsForked = true;
        GeneratedProcess child = new(name) { NextRegion = NextRegion, IsForked = true };
        child.Regions.AddRange(Regions);
        child.Backed.UnionWith(Backed);
        return child;
    }
}
