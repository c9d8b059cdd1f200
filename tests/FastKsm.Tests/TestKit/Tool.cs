using System.Collections.Generic;
using System.Diagnostics;
using System.Threading.Tasks;
using FastKsm.Cli;
using HostProcess = System.Diagnostics.Process;

namespace FastKsm.Tests.TestKit;

/// <summary>Runs <c>fastksm</c> as its user does: a process of its own, its output and its exit code.</summary>
/// <param name="ExitCode">The exit code.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Error">Standard error.</param>
internal sealed record Tool(int ExitCode, string Output, string Error)
{
    /// <summary>Path of the tool's assembly.</summary>
    internal static string Assembly => typeof(CommandLine).Assembly.Location;

    /// <summary>Runs the tool to its end.</summary>
    internal static Tool Run(params string[] arguments) => RunThrough("dotnet", ["exec", Assembly, .. arguments]);

    /// <summary>Runs the tool by way of another program, such as one that changes the user.</summary>
    internal static Tool RunThrough(string program, IEnumerable<string> arguments)
    {
        using HostProcess process = HostProcess.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        })!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new Tool(process.ExitCode, output, error.Result);
    }
}
