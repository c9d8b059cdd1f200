using System;
using System.ComponentModel;
using System.Diagnostics;
using System.IO;
using System.Runtime.InteropServices;
using HostProcess = System.Diagnostics.Process;

namespace FastKsm.Perf.Versus;

/// <summary>A peer in C, compiled for this CPU while the row runs, and loaded into this process.</summary>
/// <remarks>Thread safety: none needed; rows run one after another. The library stays loaded until disposal.</remarks>
internal sealed class PeerLibrary : IDisposable
{
    private readonly string _directory;
    private readonly nint _library;

    private PeerLibrary(string directory, nint library)
    {
        _directory = directory;
        _library = library;
    }

    /// <summary>Compiles <c>peers/NAME.c</c> with <c>cc -O3 -march=native</c>.</summary>
    /// <param name="name">File name without its ending.</param>
    /// <param name="reason">Why there is no library: no compiler, or a header is missing.</param>
    /// <param name="define">A macro to define, as NAME=VALUE; empty for none.</param>
    /// <returns>The library, or null.</returns>
    internal static PeerLibrary? TryBuild(string name, out string reason, string define = "")
    {
        string directory = Directory.CreateTempSubdirectory("fastksm-peer-").FullName;
        string output = Path.Combine(directory, name + ".so");
        ProcessStartInfo compiler = new("cc")
        {
            ArgumentList = { "-O3", "-march=native", "-shared", "-fPIC", "-o", output },
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        if (define.Length != 0)
        {
            compiler.ArgumentList.Add("-D" + define);
        }

        compiler.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "Versus", "peers", name + ".c"));
        try
        {
            using HostProcess process = HostProcess.Start(compiler)!;
            string errors = process.StandardError.ReadToEnd();
            process.WaitForExit();
            if (process.ExitCode == 0)
            {
                reason = string.Empty;
                return new PeerLibrary(directory, NativeLibrary.Load(output));
            }

            reason = errors.Contains("xxhash.h", StringComparison.Ordinal)
                ? "xxhash.h is missing; libxxhash-dev has it"
                : $"cc could not compile {name}.c: {errors.Split('\n')[0]}";
        }
        catch (Win32Exception)
        {
            reason = "no C compiler: there is no cc on the path";
        }

        Directory.Delete(directory, recursive: true);
        return null;
    }

    /// <summary>The address of an exported function.</summary>
    internal nint Function(string name) => NativeLibrary.GetExport(_library, name);

    public void Dispose()
    {
        NativeLibrary.Free(_library);
        Directory.Delete(_directory, recursive: true);
    }
}
