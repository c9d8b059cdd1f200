using System;
using System.Collections.Generic;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using FastKsm.Cli.LiveProcesses;
using Microsoft.Win32.SafeHandles;

namespace FastKsm.Cli.Conformance.Kernel;

/// <summary>A simulated process on the kernel, seen through <c>/proc</c>. Nothing here touches a page.</summary>
/// <remarks>Thread safety: one thread at a time.</remarks>
internal sealed unsafe class KernelProcess : IDisposable
{
    private const int LongestKsmStat = 1024;
    private const int EntriesPerRead = 512;

    // A script's mappings lie above those of the agent's program, whose heap begins at most 1 GiB behind it, and below its stack.
    private const ulong FirstScriptAddress = 0x8000_0000;
    private const ulong LastScriptAddress = 0x7E00_0000_0000;

    private static readonly ulong s_pageSize = (ulong)Environment.SystemPageSize;

    private readonly string _directory;
    private SafeFileHandle? _ksmStat;
    private SafeFileHandle? _pagemap;
    private SafeFileHandle? _memory;

    /// <param name="pid">Its id.</param>
    internal KernelProcess(int pid)
    {
        Id = pid;
        _directory = $"/proc/{pid}/";
    }

    /// <summary>Its id.</summary>
    internal int Id { get; }

    /// <summary>It has a new address space.</summary>
    internal void Exec()
    {
        _pagemap?.Dispose();
        _memory?.Dispose();
        (_pagemap, _memory) = (null, null);
    }

    /// <summary>Reads a line of ksm_stat.</summary>
    /// <param name="line">Its name.</param>
    /// <returns>What follows; null if there is no such line.</returns>
    internal string? KsmStat(string line)
    {
        _ksmStat ??= Open("ksm_stat");
        byte* buffer = stackalloc byte[LongestKsmStat];
        long length = ProcFile.ReadAt(_ksmStat, buffer, LongestKsmStat, 0);
        string text = Encoding.ASCII.GetString(buffer, (int)Math.Max(0, length));
        foreach (ReadOnlySpan<char> candidate in text.AsSpan().EnumerateLines())
        {
            if (candidate.StartsWith(line, StringComparison.Ordinal) && candidate.Length > line.Length
                && candidate[line.Length] is ' ' or ':')
            {
                return candidate[line.Length..].TrimStart(": ").ToString();
            }
        }

        return null;
    }

    /// <summary>Reads entries of pagemap.</summary>
    /// <param name="address">First address of the first page.</param>
    /// <param name="entries">Receives them.</param>
    internal void Pagemap(ulong address, Span<PagemapEntry> entries)
    {
        _pagemap ??= Open("pagemap");
        ulong* buffer = stackalloc ulong[EntriesPerRead];
        for (int done = 0; done < entries.Length;)
        {
            int count = Math.Min(EntriesPerRead, entries.Length - done);
            long offset = (long)(((address / s_pageSize) + (ulong)done) * sizeof(ulong));
            long length = ProcFile.ReadAt(_pagemap, buffer, (nuint)(count * sizeof(ulong)), offset);
            for (int i = 0; i < count; i++)
            {
                entries[done + i] = new PagemapEntry(i < length / sizeof(ulong) ? buffer[i] : 0);
            }

            done += count;
        }
    }

    /// <summary>Entry of one page.</summary>
    internal PagemapEntry Pagemap(ulong address)
    {
        PagemapEntry entry = default;
        Pagemap(address, new Span<PagemapEntry>(ref entry));
        return entry;
    }

    /// <summary>Reads a page that is present, as a debugger does.</summary>
    /// <returns>Whether all of it could be read.</returns>
    internal bool TryRead(ulong address, Span<byte> content)
    {
        _memory ??= Open("mem");
        fixed (byte* first = content)
        {
            return ProcFile.ReadAt(_memory, first, (nuint)content.Length, (long)address) == content.Length;
        }
    }

    /// <summary>The script's VMAs in a range, in ascending order.</summary>
    internal IReadOnlyList<KernelVma> Vmas(ulong start = FirstScriptAddress, ulong end = LastScriptAddress)
    {
        List<KernelVma> vmas = [];
        KernelVma? current = null;
        foreach (ReadOnlySpan<char> line in (ProcFile.TryReadText(_directory + "smaps") ?? string.Empty).AsSpan().EnumerateLines())
        {
            int colon = line.IndexOf(':');
            int dash = line.IndexOf('-');
            if (dash > 0 && ulong.TryParse(line[..dash], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong from))
            {
                ReadOnlySpan<char> rest = line[(dash + 1)..];
                ulong to = ulong.Parse(rest[..rest.IndexOf(' ')], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                current = from < end && start < to && from >= FirstScriptAddress && to <= LastScriptAddress
                    ? new KernelVma(from, to)
                    : null;
                if (current is not null)
                {
                    vmas.Add(current);
                }
            }
            else if (colon > 0)
            {
                current?.Add(line[..colon], line[(colon + 1)..].Trim());
            }
        }

        return vmas;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ksmStat?.Dispose();
        Exec();
    }

    private SafeFileHandle Open(string file) =>
        ProcFile.TryOpen(_directory + file, LinuxNative.OpenReadOnly, out int error)
        ?? throw new ToolException(
            ExitCode.NotPermitted, $"conform: cannot read {_directory}{file}: {Marshal.GetPInvokeErrorMessage(error)}.");
}
