using System.Diagnostics;

namespace FastKsm.AddressSpaces;

/// <summary>What a change of protection does to flags and to page-table entries.</summary>
internal static class PageProtection
{
    /// <summary>Flags of a VMA with other access flags.</summary>
    internal static VmaFlags FlagsFor(in Vma vma, VmaFlags access)
    {
        VmaFlags flags = (vma.Flags & ~VmaFlags.Access) | access;
        if ((access & VmaFlags.Write) != VmaFlags.None)
        {
            const VmaFlags Settled = VmaFlags.Account | VmaFlags.Write | VmaFlags.Shared | VmaFlags.NoReserve;
            return (vma.Flags & Settled) == VmaFlags.None ? flags | VmaFlags.Account : flags;
        }

        // What was never written need not stay accounted for.
        return vma.AnonVma == 0 && vma.Object == 0 ? flags & ~VmaFlags.Account : flags;
    }

    /// <summary>Every present entry of a range of one VMA gets what the VMA permits now. Under the mm lock held alone.</summary>
    internal static void Apply(AddressSpace space, ref PageGather gather, in Vma vma, ulong start, ulong end)
    {
        bool accessible = (vma.Flags & VmaFlags.Access) != VmaFlags.None;
        bool mayWrite = vma.Has(VmaFlags.Write);
        bool shared = vma.Has(VmaFlags.Shared);
        foreach (LeafRun run in new LeafRuns(space.Table, start, end))
        {
            LeafEdit edit = space.EnterChecked(gather.Cpu, run.Leaf, run.Page);
            if (edit.Kind == LeafKind.Huge)
            {
                Debug.Assert(run.IsWhole, "No edge of a VMA cuts a huge mapping.");
                Pte entry = edit.Whole;
                edit.ReprotectWhole(entry.WithAccessible(accessible).WithWritable(mayWrite && space.Store.IsExclusive(entry)));
            }

            for (int i = 0; i < run.Count && edit.Kind == LeafKind.Table && edit.Populated != 0; i++)
            {
                int position = run.Position + i;
                Pte pte = edit.GetSettled(position);
                if (pte.IsPresent)
                {
                    // A page that others may map keeps its first write for the fault that copies it.
                    bool writable = mayWrite && (shared || space.Store.IsExclusive(pte));
                    edit.Reprotect(position, pte.WithAccessible(accessible).WithWritable(writable));
                }
                else if (pte.IsMigration)
                {
                    edit.Replace(position, pte.WhenReprotected(accessible));
                }
            }

            edit.Exit();
            gather.Add(edit.Debt);
        }
    }
}
