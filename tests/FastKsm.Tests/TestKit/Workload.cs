using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using Xunit;
using HostProcess = System.Diagnostics.Process;

namespace FastKsm.Tests.TestKit;

/// <summary>A running program of <c>tests/workloads</c>: compiled once a test run, ended with the object.</summary>
internal sealed class Workload : IDisposable
{
    private static readonly ConcurrentDictionary<string, Lazy<string>> s_compiled = new(StringComparer.Ordinal);
    private static readonly string s_directory = Directory.CreateTempSubdirectory("fastksm-workloads-").FullName;

    private const UnixFileMode EveryoneMayEnter = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private readonly HostProcess _process;

    static Workload() => AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(s_directory, recursive: true);

    private Workload(HostProcess process, string readyLine)
    {
        _process = process;
        Pids = [.. readyLine.Split(' ').Skip(1).Select(pid => int.Parse(pid, CultureInfo.InvariantCulture))];
    }

    /// <summary>Arguments of setpriv(1) that give up all rights.</summary>
    internal static IReadOnlyList<string> BecomeNobody { get; } = ["--reuid", "65534", "--regid", "65534", "--clear-groups"];

    /// <summary>The processes that it announced, the parent first.</summary>
    internal IReadOnlyList<int> Pids { get; }

    /// <summary>Starts a program and waits until it holds what it is to hold. Skips the test where that is impossible.</summary>
    internal static Workload Start(string program, params string[] arguments) =>
        StartThrough([], program, arguments);

    /// <summary>Where a program lies that was started before.</summary>
    internal static string PathOf(string program) => s_compiled[program].Value;

    /// <summary>Starts a program as a user without rights; the caller must be root.</summary>
    internal static Workload StartAsNobody(string program, params string[] arguments) =>
        StartThrough(["setpriv", .. BecomeNobody], program, arguments);

    private static Workload StartThrough(string[] prefix, string program, string[] arguments)
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Skip("needs Linux: /proc");
        }

        string[] command = [.. prefix, s_compiled.GetOrAdd(program, name => new Lazy<string>(() => Compile(name))).Value, .. arguments];
        ProcessStartInfo start = new(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        HostProcess process = HostProcess.Start(start)!;
        string? line = process.StandardOutput.ReadLine();
        if (line is null || !line.StartsWith("ready", StringComparison.Ordinal))
        {
            string error = process.StandardError.ReadToEnd();
            process.WaitForExit();
            bool notPermitted = process.ExitCode == 3;
            process.Dispose();
            Assert.SkipWhen(notPermitted, $"the host does not permit this workload: {error.Trim()}");
            Assert.Fail($"{program} did not start: {line} {error}");
        }

        return new Workload(process, line);
    }

    /// <summary>Sends one line to the program.</summary>
    internal void Tell(string line)
    {
        _process.StandardInput.WriteLine(line);
        _process.StandardInput.Flush();
    }

    /// <summary>Ends its input, so that it ends; what it says then can still be heard.</summary>
    internal void EndInput() => _process.StandardInput.Close();

    /// <summary>Reads its next line.</summary>
    internal string? Hear() => _process.StandardOutput.ReadLine();

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(TimeSpan.FromSeconds(10)))
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    private static string Compile(string program)
    {
        string source = Path.Combine(Repository.Root, "tests/workloads", program + ".c");
        string target = Path.Combine(s_directory, program);
        try
        {
            using HostProcess compiler = HostProcess.Start("cc", ["-std=gnu11", "-O2", "-pthread", "-o", target, source]);
            compiler.WaitForExit();
            Assert.Equal(0, compiler.ExitCode);
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(s_directory, EveryoneMayEnter);
            }
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("needs a C compiler (cc)");
        }

        return target;
    }
}
