using System.Collections.Generic;
using System.CommandLine;
using System.Runtime.InteropServices;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Commands;

/// <summary><c>fastksm exec --merge -- COMMAND</c>: a program with merging enabled for all its memory.</summary>
internal static class ExecCommand
{
    internal static Command Create()
    {
        Option<bool> merge = new("--merge") { Description = "Enable merging for the program and all that it starts." };
        Argument<string[]> program = new("COMMAND")
        {
            Description = "The program and its arguments, behind --.",
            Arity = ArgumentArity.OneOrMore,
        };
        Command command = new("exec", "Start a program with same-page merging enabled for it (prctl, inherited over exec and fork).")
        {
            merge, program,
        };
        command.SetAction(parsed => Run(parsed.GetValue(merge), parsed.GetValue(program) ?? []));
        return command;
    }

    private static int Run(bool merge, string[] program)
    {
        if (!merge)
        {
            throw new ToolException(ExitCode.BadInput, "exec: say what to enable: --merge.");
        }

        // The setting belongs to the process, and exec keeps it: this process becomes the program.
        if (LinuxNative.prctl(LinuxNative.PrSetMemoryMerge, 1, 0, 0, 0) != 0)
        {
            throw new ToolException(
                ExitCode.NotPermitted,
                $"exec: the kernel refuses to enable merging (error {Marshal.GetLastPInvokeError()}): "
                + "it takes Linux 6.4 or later with CONFIG_KSM.");
        }

        List<string?> arguments = [.. program, null];
        _ = LinuxNative.execvp(program[0], [.. arguments]);
        int error = Marshal.GetLastPInvokeError();
        throw new ToolException(
            error == LinuxNative.ErrorNoEntry ? ExitCode.BadInput : ExitCode.NotPermitted,
            $"exec: cannot start '{program[0]}' ({Marshal.GetPInvokeErrorMessage(error)}).");
    }
}
