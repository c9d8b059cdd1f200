using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using FastKsm.Cli;
using FastKsm.Cli.Offline;
using FastKsm.Cli.Offline.Criu;
using Xunit;

namespace FastKsm.Tests.Cli.Offline;

/// <summary>Files that were changed on purpose: each is read, or refused with one error, in bounded memory.</summary>
/// <remarks>FASTKSM_FUZZ=N makes N of each kind; FASTKSM_SEED=S begins at that seed, and alone makes that one.</remarks>
public sealed class HostileImageTests : IDisposable
{
    private const int UsualCases = 4000;
    private const long MostAllocated = 1 << 20;

    private readonly TemporaryFiles _files = new();

    public HostileImageTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "needs Linux: statx");

    [Fact]
    public void Open_MutatedCores_GiveOneErrorOrPagesWithinTheFile()
    {
        byte[] good = new CoreBuilder()
            .Segment(0x10_0000, OfflineRig.Pages(1, 2))
            .Segment(0x20_0000, OfflineRig.Pages(3), memorySize: 0x4000)
            .Segment(0x7fff_0000_0000, OfflineRig.Pages(4))
            .Mapped(0x20_0000, 0x20_1000, 0, "/no/such/file")
            .Mapped(0x30_0000, 0x30_1000, 7, "/nor/this")
            .Build();
        string path = Path.Combine(_files.Root, "hostile.core");

        ForEachSeed(seed =>
        {
            File.WriteAllBytes(path, Mutate(good, new Random(seed), interesting: 1024));
            return () => [CoreFile.Open(path)];
        });
    }

    [Fact]
    public void Open_MutatedCheckpoints_GiveOneErrorOrPagesWithinTheFile()
    {
        IReadOnlyDictionary<string, byte[]> good = CriuBuilder.Process(
            7, 1, "one", [(0x10000, 0x20000, 3, 2, 0x201), (0x30000, 0x32000, 3, 1, 0x101)],
            [(0x10000, 2, 4, false), (0x12000, 3, 1, true), (0x30000, 1, 4, false)], OfflineRig.Pages(1, 2, 1));

        foreach ((string name, byte[] bytes) in good)
        {
            _ = _files.Write(name, bytes);
        }

        string? mutated = null;
        ForEachSeed(seed =>
        {
            Random random = new(seed);
            if (mutated is not null)
            {
                _ = _files.Write(mutated, good[mutated]);
            }

            mutated = good.Keys.Order(StringComparer.Ordinal).ElementAt(random.Next(good.Count));
            _ = _files.Write(mutated, Mutate(good[mutated], random, interesting: 256));
            return () => CriuDump.Open(_files.Root);
        });
    }

    public void Dispose() => _files.Dispose();

    private static void ForEachSeed(Func<int, Func<IReadOnlyList<MemoryImage>>> prepare)
    {
        int? seed = Number("FASTKSM_SEED");
        int cases = Number("FASTKSM_FUZZ") ?? (seed is null ? UsualCases : 1);
        int refused = 0;
        for (int i = seed ?? 0; i < (seed ?? 0) + cases; i++)
        {
            Func<IReadOnlyList<MemoryImage>> open = prepare(i);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                foreach (MemoryImage image in open())
                {
                    using (image)
                    {
                        Check(image);
                    }
                }
            }
            catch (ToolException fault)
            {
                refused++;
                Assert.True(
                    fault.ExitCode == ExitCode.BadInput && fault.Message.Length > 10 && !fault.Message.Contains('\n', StringComparison.Ordinal),
                    $"FASTKSM_SEED={i}: {fault.Message}");
            }
            catch (Exception exception)
            {
                Assert.Fail($"FASTKSM_SEED={i}: {exception}");
            }

            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(allocated < MostAllocated, $"FASTKSM_SEED={i}: {allocated} bytes");
        }

        // A mutator that breaks nothing, or everything, tests nothing.
        Assert.True(seed is not null || (refused > cases / 10 && refused < cases), $"{refused} of {cases} were refused");
        TestContext.Current.TestOutputHelper?.WriteLine($"counts: {cases} mutated files, {refused} refused");
    }

    private static void Check(MemoryImage image)
    {
        long stored = 0;
        foreach (ImageSegment segment in image.Segments)
        {
            Assert.InRange(segment.Offset, 0, segment.File.Length - segment.ByteLength);
            Assert.True(segment.ByteLength > 0 && segment.ByteLength % Environment.SystemPageSize == 0);
            Assert.InRange(segment.Address, segment.Vma.Start, segment.Vma.End - 1);
            stored += segment.ByteLength;
        }

        Assert.True(image.Segments.Count == 0 || stored <= image.Segments[0].File.Length);
    }

    // Bits, bytes and numbers at the limits, mostly where the headers are; or an end that comes too early or too late.
    private static byte[] Mutate(byte[] good, Random random, int interesting)
    {
        byte[] bytes = [.. good];
        for (int change = random.Next(1, 5); change > 0 && bytes.Length > 8; change--)
        {
            int at = random.Next(random.Next(4) == 0 ? bytes.Length - 8 : Math.Min(interesting, bytes.Length - 8));
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    ulong[] limits = [0, 1, ulong.MaxValue, long.MaxValue, uint.MaxValue, int.MaxValue, (ulong)bytes.Length, 1UL << 63, 4095, 4096];
                    _ = BitConverter.TryWriteBytes(bytes.AsSpan(at), limits[random.Next(limits.Length)]);
                    break;
                case 3:
                    _ = BitConverter.TryWriteBytes(bytes.AsSpan(at), random.Next(2) == 0 ? uint.MaxValue : (uint)random.Next());
                    break;
                case 4:
                    Array.Resize(ref bytes, random.Next(bytes.Length));
                    break;
                default:
                    Array.Resize(ref bytes, bytes.Length + random.Next(5000));
                    break;
            }
        }

        return bytes;
    }

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out int number) ? number : null;
}
