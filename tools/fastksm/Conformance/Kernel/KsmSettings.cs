using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;

namespace FastKsm.Cli.Conformance.Kernel;

/// <summary>The host's settings of KSM, and of huge pages, which it depends on, as they were, to be put back.</summary>
/// <remarks>Thread safety: <see cref="Restore"/> may be called by several threads, of which one restores.</remarks>
internal sealed class KsmSettings
{
    // In the order in which they are put back: pages_to_scan cannot be written while the advisor is on, and ksmd starts last.
    private static readonly string[] s_files =
    [
        "pages_to_scan", "sleep_millisecs", "merge_across_nodes", "use_zero_pages", "smart_scan", "max_page_sharing",
        "stable_node_chains_prune_millisecs", "advisor_max_cpu", "advisor_min_pages_to_scan", "advisor_max_pages_to_scan",
        "advisor_target_scan_time", "advisor_mode", "../transparent_hugepage/enabled", "../transparent_hugepage/defrag",
        "../transparent_hugepage/use_zero_page", "../transparent_hugepage/khugepaged/max_ptes_none",
        "../transparent_hugepage/khugepaged/max_ptes_shared", "../transparent_hugepage/khugepaged/max_ptes_swap",
        "../transparent_hugepage/khugepaged/pages_to_scan", "../transparent_hugepage/khugepaged/scan_sleep_millisecs", "run",
    ];

    private readonly List<(string File, string Value)> _values = [];
    private int _restored;

    private KsmSettings()
    {
    }

    /// <summary>Reads them.</summary>
    /// <exception cref="ToolException">One cannot be read.</exception>
    internal static KsmSettings Save()
    {
        KsmSettings saved = new();
        foreach (string file in s_files)
        {
            if (File.Exists(KsmFile.Directory + file))
            {
                saved._values.Add((file, Read(file)));
            }
        }

        return saved;
    }

    /// <summary>What a shell runs to put all of them back.</summary>
    internal string RestoringCommands => string.Join('\n', _values
        .Prepend(("advisor_mode", "none")).Prepend(("run", "0")).Prepend(("run", "2")).Prepend(("run", "0"))
        .Where(entry => File.Exists(KsmFile.Directory + entry.Item1))
        .Select(entry => $"echo {entry.Item2} > {KsmFile.Directory}{entry.Item1}"));

    /// <summary>Puts back what is not as it was; where anything is not, everything is unmerged first. Once is enough.</summary>
    internal void Restore()
    {
        if (Interlocked.Exchange(ref _restored, 1) != 0 || _values.TrueForAll(entry => IsAsItWas(entry.File, entry.Value)))
        {
            return;
        }

        // A write of the value that is already set does nothing, hence the 0 before the 2.
        foreach ((string file, string value) in (ReadOnlySpan<(string, string)>)[("run", "0"), ("run", "2"), ("run", "0"), ("advisor_mode", "none")])
        {
            _ = KsmFile.Write(file, value);
        }

        foreach ((string file, string value) in _values)
        {
            if (!IsAsItWas(file, value))
            {
                _ = KsmFile.Write(file, value);
            }
        }
    }

    private static bool IsAsItWas(string file, string value) => string.Equals(Read(file), value, StringComparison.Ordinal);

    private static string Read(string file)
    {
        using KsmFile now = new(file);
        return now.Text;
    }
}
