using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Security.Cryptography;

namespace FastKsm.Cli.Conformance.Kernel;

/// <summary>Builds the kernel agent from the sources that this assembly carries, once for each state of them.</summary>
/// <remarks>
/// It lies in the user's cache, in a folder that nobody else may enter, named by a hash of the sources; without such a
/// place, in a temporary folder. A host without a C compiler (a test machine's initramfs) takes the one that
/// <c>FASTKSM_KERNEL_AGENT</c> names, which must have been built from these sources.
/// Thread safety: all members may be called concurrently, by several processes as well.
/// </remarks>
internal static class AgentBuilder
{
    private const string Prefix = "kernel-agent/";
    private const string ReadyMade = "FASTKSM_KERNEL_AGENT";
    private const UnixFileMode OnlyMine = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    // Linked statically it has no mappings but its own few; where there is no static libc the others do no harm.
    private static readonly string[][] s_flags =
    [
        ["-std=gnu11", "-O2", "-static"],
        ["-std=gnu11", "-O2", "-no-pie"],
    ];

    /// <summary>Path of the agent; builds it if need be.</summary>
    /// <exception cref="ToolException">There is no C compiler, or it does not compile.</exception>
    internal static string Build()
    {
        if (Environment.GetEnvironmentVariable(ReadyMade) is { Length: > 0 } given)
        {
            return File.Exists(given)
                ? given
                : throw new ToolException(ExitCode.NotPermitted, $"conform: {ReadyMade} names {given}, which does not exist.");
        }

        string directory = CacheDirectory();
        string agent = Path.Combine(directory, $"kernel-agent-{Fingerprint()}");
        if (!File.Exists(agent))
        {
            string work = Directory.CreateTempSubdirectory("fastksm-agent-").FullName;
            try
            {
                string built = Compile(work);
                string staged = $"{agent}.{Environment.ProcessId}";
                File.Copy(built, staged, overwrite: true);
                File.Move(staged, agent, overwrite: true);
            }
            finally
            {
                Directory.Delete(work, recursive: true);
            }
        }

        return agent;
    }

    /// <summary>Names and texts of the sources.</summary>
    internal static IEnumerable<(string Name, byte[] Text)> Sources()
    {
        Assembly assembly = typeof(AgentBuilder).Assembly;
        foreach (string resource in assembly.GetManifestResourceNames().Order(StringComparer.Ordinal))
        {
            if (resource.StartsWith(Prefix, StringComparison.Ordinal))
            {
                using Stream stream = assembly.GetManifestResourceStream(resource)!;
                byte[] text = new byte[stream.Length];
                stream.ReadExactly(text);
                yield return (resource[Prefix.Length..], text);
            }
        }
    }

    private static string Fingerprint()
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach ((_, byte[] text) in Sources())
        {
            hash.AppendData(text);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }

    private static string CacheDirectory()
    {
        string? cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        cache = string.IsNullOrEmpty(cache)
            ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache")
            : cache;
        string directory = Path.Combine(cache, "fastksm");
        try
        {
            if (!OperatingSystem.IsWindows())
            {
                _ = Directory.CreateDirectory(directory, OnlyMine);
                File.SetUnixFileMode(directory, OnlyMine);
            }

            return directory;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return Directory.CreateTempSubdirectory("fastksm-").FullName;
        }
    }

    private static string Compile(string directory)
    {
        List<string> units = [];
        foreach ((string name, byte[] text) in Sources())
        {
            string path = Path.Combine(directory, name);
            File.WriteAllBytes(path, text);
            if (name.EndsWith(".c", StringComparison.Ordinal))
            {
                units.Add(path);
            }
        }

        string target = Path.Combine(directory, "kernel-agent");
        string error = string.Empty;
        foreach (string[] flags in s_flags)
        {
            (int code, error) = RunCompiler([.. flags, "-o", target, .. units]);
            if (code == 0)
            {
                return target;
            }
        }

        throw new ToolException(
            ExitCode.NotPermitted, $"conform: cc cannot build the kernel agent: {error.ReplaceLineEndings(" ").Trim()}");
    }

    private static (int ExitCode, string Error) RunCompiler(IEnumerable<string> arguments)
    {
        try
        {
            using System.Diagnostics.Process compiler = System.Diagnostics.Process.Start(new ProcessStartInfo("cc", arguments)
            {
                RedirectStandardError = true,
                UseShellExecute = false,
            })!;
            string error = compiler.StandardError.ReadToEnd();
            compiler.WaitForExit();
            return (compiler.ExitCode, error);
        }
        catch (Win32Exception)
        {
            throw new ToolException(
                ExitCode.NotPermitted, "conform: there is no C compiler; install one as 'cc' (the agent on the kernel's side is C).");
        }
    }
}
