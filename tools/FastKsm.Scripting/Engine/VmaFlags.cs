using System.Collections.Generic;
using System.Linq;
using FastKsm.Scripting.Running;

namespace FastKsm.Scripting.Engine;

/// <summary>The VmFlags line of smaps, for mappings of the engine.</summary>
/// <remarks>Flags of what the engine does not model (soft-dirty and the like) are never there.</remarks>
internal static class VmaFlags
{
    private static readonly (MappingAttributes Attribute, string Word)[] s_words =
    [
        (MappingAttributes.Shared, "sh"), (MappingAttributes.Accounted, "ac"), (MappingAttributes.NoReserve, "nr"),
        (MappingAttributes.Locked, "lo"), (MappingAttributes.Mergeable, "mg"), (MappingAttributes.HugePage, "hg"),
        (MappingAttributes.NoHugePage, "nh"), (MappingAttributes.DontFork, "dc"), (MappingAttributes.WipeOnFork, "wf"),
        (MappingAttributes.DontDump, "dd"), (MappingAttributes.Sequential, "sr"), (MappingAttributes.Random, "rr"),
    ];

    /// <summary>Those of the flags of a mapping that <see cref="VmaFigures.KnownFlags"/> names, in that order.</summary>
    internal static string Line(in Mapping mapping)
    {
        IReadOnlyCollection<string> flags = Of(mapping);
        return string.Join(' ', VmaFigures.KnownFlags.Split(' ').Where(flags.Contains));
    }

    /// <summary>The flags of a mapping.</summary>
    internal static IReadOnlyCollection<string> Of(in Mapping mapping)
    {
        List<string> flags = [];
        if (mapping.Protection.HasFlag(Protection.Read))
        {
            flags.Add("rd");
        }

        if (mapping.Protection.HasFlag(Protection.Write))
        {
            flags.Add("wr");
        }

        if (mapping.Protection.HasFlag(Protection.Execute))
        {
            flags.Add("ex");
        }

        // Every mapping that a script makes may be given any protection later: mr, mw and me are always there.
        flags.AddRange(["mr", "mw", "me"]);
        foreach ((MappingAttributes attribute, string word) in s_words)
        {
            if ((mapping.Attributes & attribute) != MappingAttributes.None)
            {
                flags.Add(word);
            }
        }

        return flags;
    }
}
