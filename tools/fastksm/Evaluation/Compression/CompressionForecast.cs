namespace FastKsm.Cli.Evaluation.Compression;

/// <summary>What the same memory would take merged, compressed, and both.</summary>
/// <param name="Read">Bytes of the frames that were read, each address of a KSM page of today as one.</param>
/// <param name="Compressed">Bytes that they take compressed, table included.</param>
/// <param name="Both">Bytes of one compressed copy of each content, table and ksmd's records included.</param>
/// <param name="Pages">Frames that were compressed.</param>
/// <param name="CompressionSeconds">Time to compress a page, measured here.</param>
/// <param name="DecompressionSeconds">Time to take one apart, measured here.</param>
internal sealed record CompressionForecast(
    long Read, long Compressed, long Both, long Pages, double CompressionSeconds, double DecompressionSeconds)
{
    /// <summary>Adds up.</summary>
    /// <param name="table">All records, sorted, those of unique pages among them.</param>
    /// <param name="inspection">What the pages take.</param>
    internal static CompressionForecast Of(PageRecordTable table, CompressionInspection inspection)
    {
        int[] frames = Inspection.FrameSample.Of(table);
        long compressed = 0;
        long both = 0;
        ulong last = 0;
        for (int i = 0; i < frames.Length; i++)
        {
            ref PageRecord record = ref table[frames[i]];
            long size = inspection.SizeOf(record.Ordinal) + CompressionInspection.EntryBytes;
            compressed += size;
            both += i == 0 || record.Checksum != last ? size : 0;
            last = record.Checksum;
        }

        return new CompressionForecast(
            frames.Length * (long)System.Environment.SystemPageSize,
            compressed,
            both + (table.Count * (long)MergeForecast.RmapItemBytes),
            frames.Length,
            inspection.CompressionSeconds,
            inspection.DecompressionSeconds);
    }
}
