using System;
using FastKsm.Primitives;

namespace FastKsm.Tlb;

/// <content>Invariants.</content>
internal sealed unsafe partial class CpuTlb
{
    /// <summary>
    /// Throws if an invariant of the reference's 8.2 does not hold. Nothing happens on the CPU meanwhile.
    /// </summary>
    internal void Validate()
    {
        SpinLatch.Enter(ref _state->Latch, LockRank.FlushQueue);
        string? broken = Broken();
        SpinLatch.Exit(ref _state->Latch, LockRank.FlushQueue);
        if (broken is not null)
        {
            throw new InvalidOperationException($"Invariant {broken} (CPU {Number}).");
        }
    }

    /// <summary>Id of the address space that a slot holds translations of; 0 for none.</summary>
    internal ulong ContextOf(int slot) => slot < MaxSlots ? _state->Contexts[slot].ContextId : 0;

    /// <summary>Generation of its address space that a slot has seen.</summary>
    internal ulong GenerationOf(int slot) => slot < MaxSlots ? _state->Contexts[slot].Generation : 0;

    /// <summary>
    /// Whether the CPU may come to use a slot's translations with nothing flushed before. Nothing happens on the CPU meanwhile.
    /// </summary>
    /// <param name="slot">The slot.</param>
    /// <param name="mm">The address space of the slot.</param>
    internal bool MayUseWithoutFlush(int slot, SpaceTranslations mm)
    {
        Pending pending = (Pending)_state->Pending & ~Pending.Fence;
        if ((pending & (Pending.Requests | Pending.FlushOnEntry)) != Pending.None)
        {
            return false;
        }

        // What it runs at this moment it uses as it is; everything else it compares first.
        bool isInUse = slot == _loadedSlot && _running == mm && _loaded == mm && !IsLazy;
        return isInUse || _state->Contexts[slot].Generation >= mm.Generation;
    }

    private string? Broken()
    {
        for (int slot = 0; slot < MaxSlots; slot++)
        {
            ContextSlot context = _state->Contexts[slot];
            for (int other = slot + 1; other < MaxSlots; other++)
            {
                if (context.ContextId != 0 && context.ContextId == _state->Contexts[other].ContextId)
                {
                    return $"I11: slots {slot} and {other} bear the same context id {context.ContextId}";
                }
            }
        }

        if (_queued != 0 && (_state->Pending & (int)Pending.Requests) == 0)
        {
            return $"I24: {_queued} requests wait and the flag is not set";
        }

        if (_running is not null && _loaded != _running && (_state->Pending & (int)Pending.Return) == 0)
        {
            return "I6: the address space that the CPU runs is not loaded, and it will not come back to it";
        }

        if (_loaded is not { } loaded)
        {
            return _state->Tag == TranslationCache.NoTag ? null : "I7: nothing is loaded, and a tag is";
        }

        if (_state->LoadedContext != loaded.ContextId)
        {
            // An idle CPU keeps what has ended, and another address space may have got the object since.
            return IsLazy && _running is null ? null : "I6: the CPU runs an address space that has ended";
        }

        ContextSlot current = _state->Contexts[_loadedSlot];
        return current.ContextId != loaded.ContextId ? "I7: the loaded slot is another address space's"
            : current.Generation > loaded.Generation ? $"I8: slot at {current.Generation}, above {loaded.Generation}"
            : _state->Tag != _cache.TagOf(_loadedSlot) ? "I7: the tag in use is not the slot's"
            : _running is not null && !loaded.HasCpu(Number) ? "I10: the CPU is not in the mask of what it runs"
            : null;
    }
}
