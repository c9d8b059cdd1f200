using System;

namespace FastKsm.Cli.Evaluation.Inspection;

/// <summary>The records that stand for one frame each: what fork shares counts once, and each address on a KSM page of today.</summary>
internal static class FrameSample
{
    /// <summary>Takes one record of each frame.</summary>
    /// <param name="table">The records, sorted by content: those of a frame are among those of one content.</param>
    /// <returns>Positions in the table, ascending.</returns>
    internal static int[] Of(PageRecordTable table)
    {
        int[] positions = new int[table.Count];
        int count = 0;
        for (int start = 0, end; start < table.Count; start = end)
        {
            ulong checksum = table[start].Checksum;
            for (end = start + 1; end < table.Count && table[end].Checksum == checksum; end++)
            {
            }

            count = end - start == 1 ? Add(positions, count, start) : AddDistinct(table, start, end, positions, count);
        }

        return positions[..count];
    }

    private static int Add(int[] positions, int count, int position)
    {
        positions[count] = position;
        return count + 1;
    }

    private static int AddDistinct(PageRecordTable table, int start, int end, int[] positions, int count)
    {
        (ulong Frame, int Position)[] byFrame = new (ulong, int)[end - start];
        for (int i = start; i < end; i++)
        {
            byFrame[i - start] = (table[i].Frame, i);
        }

        Array.Sort(byFrame);
        int first = count;
        for (int i = 0; i < byFrame.Length; i++)
        {
            if (i == 0 || byFrame[i].Frame != byFrame[i - 1].Frame || table[byFrame[i].Position].IsKsm)
            {
                count = Add(positions, count, byFrame[i].Position);
            }
        }

        Array.Sort(positions, first, count - first);
        return count;
    }
}
