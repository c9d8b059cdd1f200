using System;
using System.Diagnostics;
using System.IO;
using System.Threading;
using FastKsm.Swapping;
using FastKsm.Swapping.Backends;
using Xunit;
using HostProcess = System.Diagnostics.Process;

namespace FastKsm.Tests.Swapping;

/// <summary>kill -9 of a process that fills a swap file.</summary>
public sealed class SwapKilledTests : IDisposable
{
    private const string Variable = "FASTKSM_SWAP_FILE";
    private const int Slots = 4096;
    private const int Page = 4096;

    private readonly string _path = Path.Combine(Path.GetTempPath(), $"fastksm-swap-{Guid.NewGuid():N}");

    [Fact]
    public void File_OfAKilledProcess_IsMountedAgainEmptyOrDeleted()
    {
        FileBackend.Create(_path, Slots);
        using (HostProcess child = StartChild())
        {
            bool began = SpinWait.SpinUntil(() => child.HasExited || File.Exists(Mark(_path)), TimeSpan.FromMinutes(2));
            Assert.True(began && !child.HasExited, child.HasExited ? child.StandardOutput.ReadToEnd() : "the child does nothing");

            // It goes on writing and freeing until this moment.
            child.Kill();
            child.WaitForExit();
            Assert.Equal(128 + 9, child.ExitCode);
        }

        Assert.True(RandomAccessLength(_path) == (long)Slots * Page);
        SwapStatus status = FileBackend.TryOpen(_path, out FileBackend? opened, out string? fault);
        using FileBackend? backend = opened;
        Assert.True(status == SwapStatus.Done, fault);
        using SwapRig rig = SwapRig.Make("compact");
        Assert.Equal(SwapStatus.Done, rig.Space.TryMount(backend!, new SwapDeviceOptions(), out int device, out _));
        Assert.Equal((Slots - 1, 0), (rig.Space.Device(device)!.Pages, rig.Used(device)));
        byte[] read = new byte[Page];
        for (uint slot = 1; slot < Slots && backend!.PunchesHoles; slot++)
        {
            Assert.Equal(SwapStatus.Done, backend.Read(slot, read));
            Assert.False(read.AsSpan().ContainsAnyExcept((byte)0), $"slot {slot} still has what the killed process wrote");
        }

        Pfn head = rig.NewFolio();
        SwapEntry entry = rig.PageOut(head);
        read.AsSpan().Fill(9);
        Assert.Equal(1u, entry.Offset);
        Assert.Equal(SwapStatus.Done, rig.Space.Write(head, read, out _));
        read.AsSpan().Clear();
        Assert.Equal(SwapStatus.Done, rig.Space.Read(head, read));
        Assert.False(read.AsSpan().ContainsAnyExcept((byte)9));
        rig.Space.Validate();
        File.Delete(_path);
        Assert.False(File.Exists(_path));
    }

    /// <summary>The child: writes pages to a file's slots and frees them, until it is killed.</summary>
    [Fact]
    public void Child_FillsAFile_UntilItIsKilled()
    {
        string? path = Environment.GetEnvironmentVariable(Variable);
        Assert.SkipWhen(path is null, $"needs {Variable}");
        Assert.Equal(SwapStatus.Done, FileBackend.TryOpen(path, out FileBackend? backend, out _));
        using SwapRig rig = SwapRig.Make("compact");
        Assert.Equal(SwapStatus.Done, rig.Space.TryMount(backend!, new SwapDeviceOptions(), out _, out _));
        byte[] content = new byte[Page];
        Random random = new(1);
        for (int step = 0; ; step++)
        {
            Pfn head = new(1024 + (uint)(step % 3000));
            if (rig.Space.TryWhere(head, out SwapEntry old, out _))
            {
                Assert.Equal(SwapStatus.Done, rig.Space.PutCached(old));
                Assert.Equal(SwapStatus.Done, rig.Space.Drop(head, SwapShadow.None, 0));
            }

            random.NextBytes(content);
            _ = rig.PageOut(head);
            Assert.Equal(SwapStatus.Done, rig.Space.Write(head, content, out _));
            if (step == 5000)
            {
                File.WriteAllText(Mark(path), "under way");
            }
        }
    }

    public void Dispose()
    {
        File.Delete(_path);
        File.Delete(Mark(_path));
    }

    private static string Mark(string path) => path + ".mark";

    private static long RandomAccessLength(string path) => new FileInfo(path).Length;

    // This assembly runs its own tests; the child runs one.
    private HostProcess StartChild() => HostProcess.Start(new ProcessStartInfo(
        "dotnet",
        [
            "exec", typeof(SwapKilledTests).Assembly.Location, "-noLogo",
            "-method", $"{typeof(SwapKilledTests).FullName}.{nameof(Child_FillsAFile_UntilItIsKilled)}",
        ])
    {
        RedirectStandardOutput = true,
        UseShellExecute = false,
        Environment = { [Variable] = _path },
    })!;
}
