using System.Collections.Generic;
using FastKsm.AddressSpaces;
using FastKsm.Memory;
using FastKsm.Primitives;
using FastKsm.Tlb;
using Xunit;

namespace FastKsm.Tests.Merging;

/// <summary>Moves a frame to another NUMA node by looking at every PTE there is, as a reverse-map walk would without one.</summary>
internal static class FrameMover
{
    internal static Pfn Move(Machine machine, IEnumerable<ModelProcess> processes, Pfn from, int node)
    {
        PhysicalMemory frames = machine.Store.Frames;
        Assert.Equal(MemoryStatus.Done, frames.TakeCopy(0, node, from, out Pfn to));
        Assert.Equal(node, frames.Layout.NodeOf(to.Number));
        ref FrameRecord old = ref frames[from];
        ref FrameRecord moved = ref frames[to];
        old.AddReference();
        moved.Become(old.Flags, old.Mapping, old.Index);
        foreach (ModelProcess process in processes)
        {
            PageTable table = process.Space.Table;
            ulong page = 0;
            for (uint leaf; (leaf = table.FindNext(ref page, machine.Store.PageLimit, out int count)) != 0; page += (uint)count)
            {
                int first = PageTable.PositionOf(page);
                table.Enter(leaf);
                for (int i = 0; i < PteLeaf.Length; i++)
                {
                    Pte pte = table.Get(leaf, i);
                    if (pte.IsCounted && pte.Frame == from)
                    {
                        moved.AddReference();
                        moved.AddMapping();
                        table.Set(leaf, i, default);
                        table.Exit(leaf);
                        machine.Store.Flushes.Flush(
                            FlushSite.Taken, 0, kernelThread: false, process.Space.Translations, page + (uint)(i - first), 1, 0,
                            freedTables: false);
                        table.Enter(leaf);
                        table.Set(leaf, i, Pte.Map(to, pte.IsAccessible).WithAccessed(pte.IsAccessed).WithDirty(pte.IsDirty)
                            .WithWritable(pte.IsWritable));
                        _ = old.DropMapping();
                        frames.Release(0, from);
                    }
                }

                table.Exit(leaf);
            }
        }

        Assert.Equal((0, 1), (old.MapCount, old.References));
        if (old.Has(FrameFlags.Ksm))
        {
            machine.Merger.Moved(from, to);
        }

        frames.Release(0, from);
        frames.Release(0, to);
        return to;
    }
}
