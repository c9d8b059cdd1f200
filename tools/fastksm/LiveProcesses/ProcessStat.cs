using System;
using System.Globalization;

namespace FastKsm.Cli.LiveProcesses;

/// <summary>The fields of <c>/proc/PID/stat</c> that tell what kind of process it is and which one.</summary>
/// <param name="Name">The kernel's name of the process (comm): at most 15 bytes.</param>
/// <param name="State">One letter; <c>Z</c> is a zombie.</param>
/// <param name="IsKernelThread">Whether it is a thread of the kernel.</param>
/// <param name="StartTime">Start, in clock ticks since boot: with the pid, this names one process for ever.</param>
internal readonly record struct ProcessStat(string Name, char State, bool IsKernelThread, ulong StartTime)
{
    private const int StartStackField = 25;
    private const int StartBreakField = 44;
    private const int EnvironmentField = 47;

    private const ulong KernelThreadFlag = 0x0020_0000; // PF_KTHREAD
    private const int FlagsField = 6; // Counted from the state, which is field 0 here and 3 in proc(5).
    private const int StartTimeField = 19;

    /// <summary>
    /// Where the initial stack, the heap and the environment lie. Processes that use one address space have these in common;
    /// so do those that one fork left. Zeros where the kernel hides the addresses from this user.
    /// </summary>
    internal (ulong Stack, ulong Heap, ulong Environment) Layout { get; init; }

    /// <summary>Whether it has ended: what is left of it has no memory.</summary>
    internal bool HasEnded => State is 'Z' or 'X';

    /// <summary>Parses the text of a stat file.</summary>
    internal static bool TryParse(string text, out ProcessStat stat)
    {
        stat = default;
        int open = text.IndexOf('(', StringComparison.Ordinal);
        int close = text.LastIndexOf(')'); // A name may contain brackets itself.
        if (open < 0 || close < open)
        {
            return false;
        }

        string[] fields = text[(close + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (fields.Length <= StartTimeField
            || !ulong.TryParse(fields[FlagsField], CultureInfo.InvariantCulture, out ulong flags)
            || !ulong.TryParse(fields[StartTimeField], CultureInfo.InvariantCulture, out ulong startTime))
        {
            return false;
        }

        stat = new ProcessStat(text[(open + 1)..close], fields[0][0], (flags & KernelThreadFlag) != 0, startTime)
        {
            Layout = (Number(fields, StartStackField), Number(fields, StartBreakField), Number(fields, EnvironmentField)),
        };
        return true;
    }

    private static ulong Number(string[] fields, int index) =>
        index < fields.Length && ulong.TryParse(fields[index], CultureInfo.InvariantCulture, out ulong number) ? number : 0;
}
