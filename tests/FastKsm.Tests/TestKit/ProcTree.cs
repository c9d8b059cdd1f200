using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Tests.TestKit;

/// <summary>A recorded <c>/proc</c>: a folder of files that look like those of a kernel that is not at hand.</summary>
/// <remarks>The readers cannot pass its ids to system calls, so they read memory through its <c>mem</c> files alone.</remarks>
internal sealed class ProcTree : IDisposable
{
    private readonly bool _tellsKsm;
    private FileStream? _frames;

    /// <param name="tellsKsm">Whether its smaps has a line for KSM pages (Linux 6.6 and later).</param>
    /// <param name="hasFrames">Whether frame numbers and their flags are visible.</param>
    internal ProcTree(bool tellsKsm = true, bool hasFrames = true)
    {
        _tellsKsm = tellsKsm;
        _frames = hasFrames ? File.Create(Path.Combine(Root, "kpageflags")) : null;
    }

    /// <summary>The folder.</summary>
    internal string Root { get; } = Directory.CreateTempSubdirectory("fastksm-proc-").FullName;

    /// <summary>The tree as the readers take it.</summary>
    internal ProcMount Mount(KsmBitState state, HostKsm ksm)
    {
        _frames?.Flush();
        return ProcMount.Inspect(Root, new KsmBit(state, TellsExclusive: true), ksm);
    }

    /// <summary>Adds a process.</summary>
    /// <param name="pid">Its id; <c>5/task/7</c> is thread 7 of process 5.</param>
    /// <param name="vmas">Its VMAs, ascending.</param>
    /// <param name="state">The letter in its stat.</param>
    /// <param name="status">Lines of its status.</param>
    internal string Add(string pid, IReadOnlyList<RecordedVma> vmas, char state = 'S', string status = "")
    {
        string directory = Directory.CreateDirectory(Path.Combine(Root, pid)).FullName;
        StringBuilder smaps = new();
        StringBuilder maps = new();
        using FileStream pagemap = File.Create(directory + "/pagemap");
        using FileStream memory = File.Create(directory + "/mem");
        pagemap.SetLength(sizeof(ulong));
        foreach (RecordedVma vma in vmas)
        {
            Append(smaps, maps, vma);
            for (int i = 0; i < vma.Pages.Count; i++)
            {
                Write(pagemap, memory, vma.Start + ((ulong)i * 4096), vma.Pages[i]);
            }
        }

        File.WriteAllText(
            directory + "/stat",
            $"{Path.GetFileName(pid)} (recorded) {state} 1 1 1 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 1 0 77 1000 10 0 1 2 3 4 5 6 7 8 9 0 1");
        File.WriteAllText(directory + "/status", "Name:\trecorded\nUid:\t0\t0\t0\t0\n" + status);
        File.WriteAllText(directory + "/smaps", smaps.ToString());
        File.WriteAllText(directory + "/maps", maps.ToString());
        return directory;
    }

    public void Dispose()
    {
        _frames?.Dispose();
        _frames = null;
        Directory.Delete(Root, recursive: true);
    }

    private void Append(StringBuilder smaps, StringBuilder maps, RecordedVma vma)
    {
        int present = 0;
        int merged = 0;
        foreach (RecordedPage? page in vma.Pages)
        {
            present += page is null ? 0 : 1;
            merged += page is { IsKsm: true } ? 1 : 0;
        }

        string header = string.Create(
            CultureInfo.InvariantCulture,
            $"{vma.Start:x}-{vma.Start + ((ulong)vma.Pages.Count * 4096):x} rw-p 00000000 00:00 0 {vma.Name}\n");
        _ = maps.Append(header);
        _ = smaps.Append(header).Append(CultureInfo.InvariantCulture, $"Anonymous: {present * 4} kB\n");
        if (_tellsKsm)
        {
            _ = smaps.Append(CultureInfo.InvariantCulture, $"KSM: {merged * 4} kB\n");
        }

        _ = smaps.Append(CultureInfo.InvariantCulture, $"VmFlags: {vma.Flags}\n");
    }

    private void Write(FileStream pagemap, FileStream memory, ulong address, RecordedPage? page)
    {
        const ulong Present = 1UL << 63;
        const ulong MappedOnce = 1UL << 56;
        if (page is not { } recorded)
        {
            return;
        }

        pagemap.Position = (long)(address / 4096 * 8);
        ulong frame = _frames is null ? 0 : recorded.Frame;
        pagemap.Write(BitConverter.GetBytes(Present | frame | (recorded.IsMappedOnce ? MappedOnce : 0)));
        byte[] content = new byte[4096];
        for (int i = 0; i < content.Length && recorded.Content != 0; i += 8)
        {
            _ = BitConverter.TryWriteBytes(content.AsSpan(i), recorded.Content + (ulong)i);
        }

        memory.Position = (long)address;
        memory.Write(content);
        if (_frames is not null)
        {
            _frames.Position = (long)recorded.Frame * 8;
            _frames.Write(BitConverter.GetBytes(recorded.FrameFlags));
        }
    }
}
