using System;
using System.Collections.Generic;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Evaluation.Owners;

/// <summary>Numbers for owners and processes, by VMA.</summary>
/// <remarks>Thread safety: immutable.</remarks>
internal sealed class OwnerTable
{
    private readonly int[] _ownerOfVma;
    private readonly int[] _processOfVma;
    private readonly List<string> _names = [];
    private readonly List<LiveProcess> _processes = [];
    private readonly List<int> _ownerOfProcess = [];

    /// <param name="context">The VMAs; those of a process stand together.</param>
    /// <param name="ownerOf">The owner of a process, by name.</param>
    internal OwnerTable(EvaluationContext context, Func<LiveProcess, string> ownerOf)
    {
        Dictionary<string, int> numbers = new(StringComparer.Ordinal);
        _ownerOfVma = new int[context.VmaCount];
        _processOfVma = new int[context.VmaCount];
        for (int vma = 0; vma < context.VmaCount; vma++)
        {
            LiveProcess process = context.Vma(vma).Process;
            if (_processes.Count == 0 || !ReferenceEquals(_processes[^1], process))
            {
                string name = ownerOf(process);
                if (!numbers.TryGetValue(name, out int owner))
                {
                    owner = numbers.Count;
                    numbers.Add(name, owner);
                    _names.Add(name);
                }

                _processes.Add(process);
                _ownerOfProcess.Add(owner);
            }

            _processOfVma[vma] = _processes.Count - 1;
            _ownerOfVma[vma] = _ownerOfProcess[^1];
        }
    }

    /// <summary>The owners' names, in the order in which ksmd visits their first processes.</summary>
    internal IReadOnlyList<string> Names => _names;

    /// <summary>The processes, in the order of visits.</summary>
    internal IReadOnlyList<LiveProcess> Processes => _processes;

    /// <summary>The owner of a page.</summary>
    internal int OwnerOf(in PageRecord page) => _ownerOfVma[page.Vma];

    /// <summary>The process of a page.</summary>
    internal int ProcessOf(in PageRecord page) => _processOfVma[page.Vma];

    /// <summary>The owner of a process.</summary>
    internal int OwnerOfProcess(int process) => _ownerOfProcess[process];
}
