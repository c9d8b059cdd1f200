using System;
using System.Collections.Generic;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Evaluation.Nearly;

/// <summary>Finds out why pages differ.</summary>
internal static class NearlyCauses
{
    // Less than this is noise: the difference of some pages.
    private const double LeastShare = 0.01;

    /// <summary>Names the causes that show.</summary>
    /// <param name="read">Bytes read.</param>
    /// <param name="byPointers">Bytes that masking pointers would save beyond what merges.</param>
    /// <param name="vmas">All VMAs, those of a process together.</param>
    internal static IReadOnlyList<NearlyCause> Find(long read, long byPointers, IEnumerable<VmaInProcess> vmas)
    {
        long compiled = 0;
        HashSet<LiveProcess> processes = [];
        HashSet<LiveProcess> compiling = [];
        foreach (VmaInProcess vma in vmas)
        {
            if (vma.Process.Status != ReadStatus.Read)
            {
                continue;
            }

            _ = processes.Add(vma.Process);
            if (vma is { Eligibility: VmaEligibility.Eligible, Vma: { IsExecutable: true, Name: "", AnonymousBytes: > 0 } })
            {
                compiled += (long)vma.Vma.AnonymousBytes;
                _ = compiling.Add(vma.Process);
            }
        }

        List<NearlyCause> causes = [];
        if (byPointers > LeastShare * read)
        {
            causes.Add(new NearlyCause(NearlyCauseKind.AddressRandomisation, byPointers, processes.Count));
        }

        int seeded = 0;
        foreach (LiveProcess process in processes)
        {
            seeded += HasRandomHashSeed(process) ? 1 : 0;
        }

        if (seeded > 1)
        {
            causes.Add(new NearlyCause(NearlyCauseKind.HashSeed, 0, seeded));
        }

        if (compiling.Count > 1 && compiled > LeastShare * read)
        {
            causes.Add(new NearlyCause(NearlyCauseKind.CompiledCode, compiled, compiling.Count));
        }

        return causes;
    }

    // Python seeds its hashes at random unless PYTHONHASHSEED is a number; "random" and nothing mean the same.
    private static bool HasRandomHashSeed(LiveProcess process)
    {
        string program = System.IO.Path.GetFileName(process.CommandLine.Split(' ', 2)[0]);
        return (program.StartsWith("python", StringComparison.Ordinal) || process.Stat.Name.StartsWith("python", StringComparison.Ordinal))
            && process.Directory.Length > 0
            && ProcFile.TryReadText(process.Directory + "/environ") is { Length: > 0 } environment
            && !HasNumber(environment);
    }

    private static bool HasNumber(string environment)
    {
        const string Name = "PYTHONHASHSEED=";
        foreach (string entry in environment.Split('\0'))
        {
            if (entry.StartsWith(Name, StringComparison.Ordinal))
            {
                return entry.Length > Name.Length && char.IsAsciiDigit(entry[Name.Length]);
            }
        }

        return false;
    }
}
