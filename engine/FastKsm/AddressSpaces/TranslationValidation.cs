using System;
using FastKsm.Tlb;

namespace FastKsm.AddressSpaces;

/// <summary>Checks what the CPUs really hold against the page tables, for a machine at rest.</summary>
/// <remarks>
/// The oracle supposes the worst of every CPU, and asks whether flushes come; this asks whether they reached the CPUs. A
/// translation that a CPU would flush before it uses it (an older generation, a request in its queue) may be anything.
/// </remarks>
internal static class TranslationValidation
{
    /// <summary>Checks the TLBs of all CPUs.</summary>
    /// <param name="store">Tables of the machine.</param>
    /// <exception cref="InvalidOperationException">An invariant is broken; the message names it.</exception>
    internal static void Validate(AddressSpaceStore store)
    {
        for (int cpu = 0; cpu < store.Flushes.CpuCount; cpu++)
        {
            CpuTlb tlb = store.Flushes[cpu];
            for (int slot = 0; slot < CpuTlb.MaxSlots; slot++)
            {
                if (store.Spaces.Find((uint)tlb.ContextOf(slot)) is { } space
                    && tlb.GenerationOf(slot) > space.Translations.Generation)
                {
                    throw new InvalidOperationException(
                        $"Invariant I8: slot {slot} of CPU {cpu} is at generation {tlb.GenerationOf(slot)}, and address space {space.Id} "
                        + $"at {space.Translations.Generation}.");
                }
            }

            int place = 0;
            while (tlb.Cache.TryNext(ref place, out HeldTranslation held))
            {
                // What has ended is never looked for again: no other address space gets its id.
                if (store.Spaces.Find((uint)tlb.ContextOf(held.Slot)) is { } space
                    && tlb.MayUseWithoutFlush(held.Slot, space.Translations)
                    && FaultOf(space.Table, held) is { } fault)
                {
                    string rule = tlb.Running == space.Translations ? "I5" : "I7";
                    throw new InvalidOperationException(
                        $"Invariant {rule}: CPU {cpu} may use page 0x{held.Page:x} of address space {space.Id} as {held.Translation}, "
                        + $"and {fault}.");
                }
            }
        }
    }

    private static string? FaultOf(PageTable table, HeldTranslation held)
    {
        uint leaf = table.Find(held.Page);
        if (leaf == 0)
        {
            return "it has no page table";
        }

        // A dirty bit that is cached of an entry that may not be written permits nothing: a store faults before it is looked at. A batch of
        // merging makes such an entry clean without a flush.
        Translation now = table.Get(leaf, PageTable.PositionOf(held.Page)).ToTranslation();
        Translation used = held.Translation;
        used = used.Has(TranslationBits.Writable) ? used : used with { Bits = used.Bits & ~TranslationBits.Dirty };
        return used.NeedsFlush(now) ? $"its entry is {now}"
            : held.Translation.Has(TranslationBits.Huge) != now.Has(TranslationBits.Huge) ? "its entry is of another size"
            : null;
    }
}
