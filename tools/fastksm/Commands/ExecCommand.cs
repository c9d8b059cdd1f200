using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using FastKsm.Cli.LiveProcesses;
using FastKsm.Cli.Output;

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
        Command command = new(
            "exec",
            "Start a program with same-page merging enabled for it and all that it starts (prctl; Linux 6.7 or later, see the README "
            + "for 6.4 to 6.6).")
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
            int refusal = Marshal.GetLastPInvokeError();
            throw new ToolException(
                ExitCode.NotPermitted,
                $"exec: the kernel refuses to enable merging ({Marshal.GetPInvokeErrorMessage(refusal)}): it takes Linux 6.4 or later with CONFIG_KSM.");
        }

        if (Warning(MergeOverExec.Probe(), program[0]) is { } warning)
        {
            StandardError.Say(warning);
        }

        if (!ProgramStart.RestoreOpenFiles(out ulong limit))
        {
            StandardError.Say(string.Create(
                CultureInfo.InvariantCulture,
                $"exec: the soft limit of open files is {limit} now, as .NET has set it; what it was can't be told here. "
                + $"To set it: fastksm exec --merge -- prlimit --nofile=1024: {program[0]} ..."));
        }

        int error = ProgramStart.Become(program);
        throw new ToolException(
            error == LinuxNative.ErrorNoEntry ? ExitCode.BadInput : ExitCode.NotPermitted,
            $"exec: cannot start '{program[0]}' ({Marshal.GetPInvokeErrorMessage(error)}).");
    }

    /// <summary>What is to be said where the kernel does not keep the setting. Null for nothing.</summary>
    /// <param name="isKept">Whether it does; null for not known.</param>
    /// <param name="program">The program's name.</param>
    internal static string? Warning(bool? isKept, string program) => isKept is not false ? null
        : "exec: this kernel forgets the setting when a program is started, as Linux 6.4 to 6.6 do: "
            + $"'{program}' runs, but nothing of it will merge unless it calls prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0) itself. Linux 6.7 and later keep it.";
}
