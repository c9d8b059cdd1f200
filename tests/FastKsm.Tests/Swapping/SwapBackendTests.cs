using System;
using System.IO;
using FastKsm.Memory;
using FastKsm.Swapping;
using FastKsm.Swapping.Backends;
using Xunit;

namespace FastKsm.Tests.Swapping;

/// <summary>Back ends: each keeps what was written, gives memory back, and refuses in one clear way.</summary>
public sealed class SwapBackendTests : IDisposable
{
    private const int Slots = 2048;
    private const int Page = 4096;

    private readonly AllocationFaults _faults = new();
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"fastksm-swap-{Guid.NewGuid():N}");

    [Theory]
    [InlineData("memory")]
    [InlineData("compressed")]
    [InlineData("file")]
    [InlineData("fingerprint")]
    [InlineData("number")]
    public void Backend_RandomWritesAndReleases_KeepsEachContent(string kind)
    {
        using SwapBackend backend = Make(kind);
        byte[]?[] kept = new byte[Slots][];
        Random random = new(7);
        byte[] read = new byte[backend.ContentSize];
        for (int step = 0; step < 6000; step++)
        {
            uint slot = (uint)random.Next(1, Slots);
            switch (random.Next(4))
            {
                case 0:
                    int count = int.Min(random.Next(1, 20), SwapLimits.ClusterSlots - (int)(slot % SwapLimits.ClusterSlots));
                    backend.Free(slot, count);
                    kept.AsSpan((int)slot, count).Clear();
                    break;
                case 1 when kept[slot] is { } content:
                    Assert.Equal(SwapStatus.Done, backend.Read(slot, read));
                    Assert.Equal(content, read);
                    break;
                default:
                    kept[slot] = Content(backend.ContentSize, random, slot);
                    Assert.Equal(SwapStatus.Done, backend.Write(slot, kept[slot]));
                    break;
            }
        }

        for (uint slot = 1; slot < Slots; slot++)
        {
            if (kept[slot] is { } content)
            {
                Assert.Equal(SwapStatus.Done, backend.Read(slot, read));
                Assert.Equal(content, read);
            }
        }

        for (uint cluster = 0; cluster < Slots; cluster += SwapLimits.ClusterSlots)
        {
            backend.Free(cluster, SwapLimits.ClusterSlots);
        }

        if (kind is "memory" or "compressed")
        {
            Assert.Equal(0, backend.UsedBytes);
            Assert.Equal(SwapStatus.IoError, backend.Read(5, read));
        }
    }

    [Fact]
    public void Compressed_ContentsOfEachKind_TakeWhatTheyMust()
    {
        using CompressedBackend backend = new(Slots, Page, 1 << 20, _faults);
        byte[] same = new byte[Page];
        same.AsSpan().Fill(0x5a);
        byte[] noise = new byte[Page];
        new Random(1).NextBytes(noise);
        byte[] half = [.. noise.AsSpan(0, Page / 2), .. new byte[Page / 2]];

        Assert.Equal(SwapStatus.Done, backend.Write(1, same));
        Assert.Equal(0, backend.UsedBytes);
        Assert.Equal(SwapStatus.Done, backend.Write(2, noise));
        Assert.Equal(Page, backend.UsedBytes);
        Assert.Equal(SwapStatus.Done, backend.Write(3, half));
        Assert.InRange(backend.UsedBytes, Page + 2048, Page + 2240);
        Assert.Equal(SwapStatus.Done, backend.Write(3, same));
        Assert.Equal(Page, backend.UsedBytes);
    }

    [Fact]
    public void Compressed_BeyondItsLimit_RefusesAndKeepsTheOldContent()
    {
        using CompressedBackend backend = new(Slots, Page, 3 * Page, _faults);
        byte[] noise = new byte[Page];
        byte[] read = new byte[Page];
        Random random = new(1);
        for (uint slot = 1; slot <= 3; slot++)
        {
            random.NextBytes(noise);
            Assert.Equal(SwapStatus.Done, backend.Write(slot, noise));
        }

        byte[] more = new byte[Page];
        random.NextBytes(more);
        Assert.Equal(SwapStatus.Full, backend.Write(4, more));
        Assert.Equal(SwapStatus.Full, backend.Write(3, more));
        Assert.Equal(SwapStatus.Done, backend.Read(3, read));
        Assert.Equal(noise, read);
    }

    [Fact]
    public void Memory_NoMemoryForAContent_IsTyped()
    {
        using MemoryBackend backend = new(Slots, Page, _faults);
        _faults.Arm(0);

        Assert.Equal(SwapStatus.OutOfNativeMemory, backend.Write(1, new byte[Page]));
        _faults.Disarm();
        Assert.Equal(SwapStatus.Done, backend.Write(1, new byte[Page]));
    }

    [Fact]
    public void ContentNumbers_InARow_TakeNoTable()
    {
        using ContentNumberBackend backend = new(Slots, _faults);
        long empty = backend.UsedBytes;
        for (uint slot = 1; slot < Slots; slot++)
        {
            Assert.Equal(SwapStatus.Done, backend.Write(slot, BitConverter.GetBytes(1000UL + slot)));
        }

        Assert.Equal(empty, backend.UsedBytes);
        Assert.Equal(SwapStatus.Done, backend.Write(600, BitConverter.GetBytes(7UL)));
        Assert.Equal(empty + 4096, backend.UsedBytes);
    }

    [Fact]
    public void File_LeftBehindByAKilledProcess_OpensAgainEmpty()
    {
        FileBackend.Create(_path, Slots);
        using (SwapRig rig = SwapRig.Make("compact"))
        {
            using FileBackend backend = Open();
            Assert.Equal(SwapStatus.Done, rig.Space.TryMount(backend, new SwapDeviceOptions(), out _, out _));
            Pfn head = rig.NewFolio();
            SwapEntry entry = rig.PageOut(head);
            Assert.Equal(SwapStatus.Done, rig.Space.Write(head, Content(Page, new Random(3), entry.Offset), out _));

            // Nothing is written at the end, so what a killed process leaves is what is here now.
            Assert.Equal(SwapStatus.Busy, FileBackend.TryOpen(_path, out _, out string? busy));
            Assert.Equal($"{_path} is in use.", busy);
        }

        using FileBackend again = Open();
        byte[] read = new byte[Page];
        Assert.Equal(SwapStatus.Done, again.Read(1, read));
        Assert.Equal(again.PunchesHoles, !read.AsSpan().ContainsAnyExcept((byte)0));
    }

    [Fact]
    public void File_ForeignCutOffOrTooSmall_IsOneClearError()
    {
        File.WriteAllBytes(_path, new byte[100]);
        Assert.Equal($"{_path} has 0 pages; a swap file has 2 to 1073741824.", Fault(SwapStatus.Invalid));
        File.WriteAllBytes(_path, new byte[3 * Page]);
        Assert.Equal($"{_path}: not a swap area: no SWAPSPACE2 at byte 4086.", Fault(SwapStatus.Invalid));
        FileBackend.Create(_path, Slots);
        using (FileStream file = File.OpenWrite(_path))
        {
            file.SetLength(20 * Page);
        }

        Assert.Equal($"{_path}: the swap area's last page is 2047, but the device has 20 pages.", Fault(SwapStatus.Invalid));
        File.Delete(_path);
        Assert.StartsWith($"{_path} cannot be opened: ", Fault(SwapStatus.IoError), StringComparison.Ordinal);
    }

    [Fact]
    public void File_CutOffWhileInUse_IsAnIoError()
    {
        FileBackend.Create(_path, Slots);
        using FileBackend backend = Open();
        Assert.Equal(0, Truncate(_path, 10 * Page));
        Assert.Equal(SwapStatus.IoError, backend.Read(100, new byte[Page]));
    }

    public void Dispose() => File.Delete(_path);

    [System.Runtime.InteropServices.DllImport("libc", EntryPoint = "truncate", CharSet = System.Runtime.InteropServices.CharSet.Ansi)]
    [System.Runtime.InteropServices.DefaultDllImportSearchPaths(System.Runtime.InteropServices.DllImportSearchPath.SafeDirectories)]
#pragma warning disable CA2101, SYSLIB1054 // Linux only, and the name is ASCII.
    private static extern int Truncate(string path, long length);
#pragma warning restore CA2101, SYSLIB1054

    private static byte[] Content(int size, Random random, uint slot)
    {
        byte[] content = new byte[size];
        switch (random.Next(4))
        {
            case 0:
                content.AsSpan().Fill((byte)random.Next(256));
                break;
            case 1:
                random.NextBytes(content);
                break;
            case 2:
                random.NextBytes(content.AsSpan(0, size / 2));
                break;
            default:
                BitConverter.TryWriteBytes(content, 1_000_000UL + slot);
                break;
        }

        return content;
    }

    private string? Fault(SwapStatus expected)
    {
        Assert.Equal(expected, FileBackend.TryOpen(_path, out _, out string? fault));
        return fault;
    }

    private FileBackend Open()
    {
        SwapStatus status = FileBackend.TryOpen(_path, out FileBackend? backend, out string? fault);
        Assert.True(status == SwapStatus.Done, fault);
        return backend!;
    }

    private SwapBackend Make(string kind)
    {
        switch (kind)
        {
            case "memory":
                return new MemoryBackend(Slots, Page, _faults);
            case "compressed":
                return new CompressedBackend(Slots, Page, 1L << 30, _faults);
            case "fingerprint":
                return new FingerprintBackend(Slots, _faults);
            case "number":
                return new ContentNumberBackend(Slots, _faults);
            default:
                FileBackend.Create(_path, Slots);
                return Open();
        }
    }
}
