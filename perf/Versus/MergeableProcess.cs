using System;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using FastKsm.Memory;
using HostProcess = System.Diagnostics.Process;

namespace FastKsm.Perf.Versus;

/// <summary>A process of its own with mergeable pages of known contents: what ksmd works on in the rows about scanning.</summary>
/// <remarks>It is this program once more, started with <see cref="Argument"/>.</remarks>
internal sealed unsafe partial class MergeableProcess : IDisposable
{
    /// <summary>First argument of the process.</summary>
    internal const string Argument = "hold-mergeable";

    private const int HugePageBytes = 2 << 20;
    private const int AdviceMergeable = 12;
    private const int AdviceNoHugePage = 15;

    private readonly HostProcess _process;

    private MergeableProcess(HostProcess process) => _process = process;

    /// <summary>Starts the process and waits until its memory is filled.</summary>
    /// <param name="pages">Its pages.</param>
    /// <param name="contents">Page i has content i mod this, plus 1.</param>
    internal static MergeableProcess Start(int pages, int contents)
    {
        HostProcess process = HostProcess.Start(new ProcessStartInfo(
            "dotnet",
            [
                "exec", typeof(MergeableProcess).Assembly.Location, Argument,
                pages.ToString(CultureInfo.InvariantCulture), contents.ToString(CultureInfo.InvariantCulture),
            ])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;
        if (process.StandardOutput.ReadLine() is null)
        {
            throw new InvalidOperationException("The process that holds mergeable memory ended.");
        }

        return new MergeableProcess(process);
    }

    /// <summary>Holds memory until standard input ends.</summary>
    internal static int Hold(string pages, string contents)
    {
        int count = int.Parse(pages, CultureInfo.InvariantCulture);
        ulong different = ulong.Parse(contents, CultureInfo.InvariantCulture);
        nuint bytes = (nuint)count * PageBuffer.PageBytes;
        byte* memory = (byte*)NativeMemory.AlignedAlloc(bytes, HugePageBytes);
        if (Advise(memory, bytes, AdviceNoHugePage) != 0 || Advise(memory, bytes, AdviceMergeable) != 0)
        {
            Console.Error.WriteLine($"madvise failed with error {Marshal.GetLastPInvokeError()}");
            return 1;
        }

        for (int i = 0; i < count; i++)
        {
            PageContent.Fill(new Span<byte>(memory + ((nuint)i * PageBuffer.PageBytes), PageBuffer.PageBytes), ((ulong)i % different) + 1);
        }

        Console.WriteLine("filled");
        _ = Console.In.ReadToEnd();
        return 0;
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "madvise", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Advise(void* address, nuint length, int advice);
}
