using System;
using System.Collections.Generic;
using FastKsm.AddressSpaces;
using FastKsm.Primitives;

namespace FastKsm;

/// <content>System calls that make, replace and end the process that runs.</content>
public sealed partial class Cpu
{
    /// <summary>
    /// Makes a child with a copy of the address space; frames are shared until written. The CPU goes on running the
    /// parent.
    /// </summary>
    /// <exception cref="OutOfFramesException">No frame is free for the copy of a pinned page.</exception>
    /// <exception cref="OutOfNativeMemoryException">The host has no memory for the child's tables.</exception>
    /// <exception cref="InvalidOperationException">The CPU is idle, or another thread drives it.</exception>
    public ModelProcess Fork()
    {
        AddressSpace space = Enter().Space;
        AddressSpace child = _machine.Spaces.Take();
        MemoryStatus status = space.ForkInto(Number, child);
        if (status != MemoryStatus.Done)
        {
            child.DropUser(Number);
        }

        _machine.Events.Flush();
        Failures.Check(status, nameof(Fork), 0);
        return _machine.Adopt(child, this);
    }

    /// <summary>
    /// Starts a new program: an empty address space, which keeps only <see cref="ModelProcess.MergesAnything"/>.
    /// </summary>
    /// <exception cref="OutOfNativeMemoryException">The host has no memory for it.</exception>
    /// <exception cref="InvalidOperationException">
    /// The CPU is idle, another thread drives it, or another CPU runs the process too: its threads have to be idle first.
    /// </exception>
    public void Exec()
    {
        ProcessRecord record = Enter();
        if (!record.TryBeginReplacing())
        {
            throw RunsElsewhere(record, nameof(Exec));
        }

        AddressSpace old = record.Space;
        AddressSpace fresh = _machine.Spaces.Take();
        fresh.Inherit(old);
        record.Replace(fresh);
        _tlb.SwitchTo(fresh.Translations);
        old.DropUser(Number);
        _machine.Events.Flush();
    }

    /// <summary>Ends the process that runs, and unmaps everything; the CPU is idle then, and has no driver.</summary>
    /// <remarks>
    /// While a call on another CPU still works on the memory of the process, that call unmaps at its end, as on Linux.
    /// </remarks>
    /// <exception cref="InvalidOperationException">
    /// The CPU is idle, another thread drives it, or another CPU runs the process too: its threads have to be idle first.
    /// </exception>
    public void Exit()
    {
        ProcessRecord record = Enter();
        if (!record.TryEnd())
        {
            throw RunsElsewhere(record, nameof(Exit));
        }

        _running = null;
        _tlb.SwitchTo(null);
        record.Space.DropUser(Number);
        _machine.Forget(record);
        EndTurn(wasNoDriver: true);
        _machine.Events.Flush();
    }

    private InvalidOperationException RunsElsewhere(ProcessRecord record, string operation)
    {
        List<string> others = [];
        foreach (Cpu cpu in _machine.Cpus)
        {
            if (cpu != this && cpu._running == record)
            {
                others.Add($"CPU {cpu.Number}");
            }
        }

        string where = others.Count == 0 ? "Another CPU" : string.Join(", ", others);
        return new InvalidOperationException(
            $"{operation} on CPU {Number} was refused: {where} runs the process too. Each has to call Idle, or run another one, first.");
    }
}
