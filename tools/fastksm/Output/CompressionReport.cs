using System.Globalization;
using System.Text.Json;
using FastKsm.Cli.Evaluation;
using FastKsm.Cli.Evaluation.Compression;
using FastKsm.Cli.Output.Text;

namespace FastKsm.Cli.Output;

/// <summary>Merging beside compression: what the same memory takes each way, and what that costs.</summary>
internal static class CompressionReport
{
    // Pages merge in the second scan.
    private const int ScansToMerge = 2;

    /// <summary>Writes the table, where it was asked for.</summary>
    internal static void Write(ReportWriter writer, EvaluationResult result, ScanPrice price)
    {
        if (result.Compression is not { } compression)
        {
            return;
        }

        long merged = Merged(result, compression);
        double compressSeconds = compression.Pages * compression.CompressionSeconds;
        double mergeSeconds = ScansToMerge * result.Total.RmapItems * price.SecondsPerPage;
        string again = string.Create(CultureInfo.InvariantCulture, $"{compression.DecompressionSeconds * 1e6:F2} µs and a fault for each page that is used again");
        string scans = $"{Wording.Seconds(result.Total.RmapItems * price.SecondsPerPage)} for each full scan";
        TextTable table = new(
            TextColumn.Label("the same memory"), TextColumn.Figure("takes"), TextColumn.Figure("saved"), TextColumn.Figure("CPU at first"), TextColumn.Remark("CPU then"));
        void Add(string name, long bytes, string first, string then) => table.Add(
            name, Wording.Bytes(bytes), Wording.Percent(compression.Read == 0 ? 0 : (compression.Read - bytes) / (double)compression.Read), first, then);
        Add("as it is", compression.Read, string.Empty, string.Empty);
        Add("merged", merged, Wording.Seconds(mergeSeconds), scans);
        Add("compressed", compression.Compressed, Wording.Seconds(compressSeconds), again);
        Add("merged, then compressed", compression.Both, Wording.Seconds(mergeSeconds + compressSeconds), "both");
        writer.Table(table);
        writer.Sentence(
            string.Create(
                CultureInfo.InvariantCulture,
                $"Compressing is for memory that is seldom used, all of it here; merged memory stays as fast to read as it was. Measured here: LZ4 takes {compression.CompressionSeconds * 1e6:F2} µs to compress a page, ")
            + string.Create(CultureInfo.InvariantCulture, $"{compression.DecompressionSeconds * 1e6:F2} µs to take it apart; a page costs ksmd {price.SecondsPerPage * 1e6:F2} µs in a scan."),
            hang: 2);
        writer.Blank();
    }

    /// <summary>Writes the key <c>compression</c>, where it was asked for.</summary>
    internal static void Write(Utf8JsonWriter json, EvaluationResult result)
    {
        if (result.Compression is not { } compression)
        {
            return;
        }

        json.WriteStartObject("compression");
        json.WriteNumber("read", compression.Read);
        json.WriteNumber("merged", Merged(result, compression));
        json.WriteNumber("compressed", compression.Compressed);
        json.WriteNumber("both", compression.Both);
        json.WriteNumber("compress_ns", compression.CompressionSeconds * 1e9);
        json.WriteNumber("decompress_ns", compression.DecompressionSeconds * 1e9);
        json.WriteEndObject();
    }

    private static long Merged(EvaluationResult result, CompressionForecast compression) => compression.Read - Verdict.SavedInAll(result);
}
