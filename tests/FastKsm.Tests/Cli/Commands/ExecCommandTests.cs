using System;
using System.Globalization;
using System.IO;
using System.Text;
using FastKsm.Cli.Commands;
using FastKsm.Cli.LiveProcesses;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Cli.Commands;

/// <summary>A program behind <c>exec --merge</c> finds all as it would without it, but for merging.</summary>
[Trait("Category", "Live")]
public sealed class ExecCommandTests
{
    private const string Stack = "7ffd4a1c1000-7ffd4a1e3000 rw-p 00000000 00:00 0 \nVmFlags: rd wr mr mw me gd ac \n";
    private const string Vdso = "7ffd4a1fd000-7ffd4a1ff000 r-xp 00000000 00:00 0 [vdso]\nVmFlags: rd ex mr mw me de sd \n";
    private const string Program = "55d2a4a00000-55d2a4a0c000 r-xp 00000000 08:01 1234 /usr/bin/sleep\nVmFlags:";
    private const string Heap = "55d2a5b00000-55d2a5b21000 rw-p 00000000 00:00 0 [heap]\nVmFlags:";

    private const string Exec = "\"$FASTKSM\" exec \"$ASSEMBLY\" exec --merge --";

    // As a program sees them: signals, limits, what is inherited without being asked for, descriptors.
    private const string Look =
        "grep -E '^Sig(Blk|Ign)' /proc/self/status; ulimit -Sa; ulimit -Ha; umask; nice; cat /proc/self/oom_score_adj /proc/self/personality "
        + "/proc/self/coredump_filter /proc/self/timerslack_ns; grep -i _allowed_list /proc/self/status; for f in /proc/$$/fd/*; do echo ${f##*/}; done; env -u _ | sort";

    [Theory]
    [InlineData("ulimit -Sn 256")]
    [InlineData("ulimit -Sn 256; trap '' PIPE")]
    [InlineData("trap '' INT QUIT HUP TERM CHLD CONT TSTP TTIN TTOU WINCH USR1 USR2")]
    [InlineData("umask 027; ulimit -Sc 0; exec 7</dev/null 9>/dev/null; export A='x y'; unset LANG")]
    [InlineData("export LC_ALL=C DOTNET_gcServer=0")]
    public void Exec_WhatIsInherited_IsAsItWas(string before)
    {
        RequireMerging();

        Tool plain = Script($"{before}\nbash -c \"$LOOK\"");
        Tool merging = Script($"{before}\n{Exec} bash -c \"$LOOK\"");

        Assert.Equal(plain.Output, merging.Output);
        Assert.Empty(merging.Error);
        Assert.True(plain.Output.Split('\n').Length > 40);
    }

    [Fact]
    public void Exec_PipeThatBreaks_EndsTheProgramAsAlways()
    {
        RequireMerging();

        Tool tool = Script($"{Exec} bash -c 'yes | head -1; echo ${{PIPESTATUS[*]}}'\n:");

        Assert.Equal("y\n141 0\n", tool.Output);
        Assert.Empty(tool.Error);
    }

    [Fact]
    public void Exec_BlockedSignals_StayBlocked()
    {
        RequireMerging();
        const string Block = "import os, signal, sys; signal.pthread_sigmask(signal.SIG_BLOCK, [2, 10, 15, 17, 40]); os.execvp(sys.argv[1], sys.argv[1:])";

        Tool tool = Script($"python3 -c '{Block}' {Exec} grep SigBlk /proc/self/status\n:");

        Assert.SkipWhen(tool.ExitCode == 127, "needs python3");
        ulong mask = ulong.Parse(tool.Output["SigBlk:".Length..].Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        Assert.All((int[])[2, 10, 15, 17, 40], signal => Assert.NotEqual(0UL, mask & (1UL << (signal - 1))));
    }

    [Fact]
    public void Exec_Arguments_ArriveByteByByte()
    {
        RequireMerging();

        Tool tool = Script($"{Exec} printf '<%s>' $'b\\xff\\xfe' @/etc/hostname -- --help '' \"two  words\" | od -An -tx1 -v | tr -d ' \\n'\n:");

        byte[] expected = [.. "<b"u8, 0xff, 0xfe, .. "><@/etc/hostname><--><--help><><two  words>"u8];
        Assert.Equal(Convert.ToHexStringLower(expected), tool.Output);
    }

    [Fact]
    public void Exec_WithoutHyphens_GivesOptionsToTheProgram()
    {
        RequireMerging();

        Assert.Equal("<--version>\n", Script("\"$FASTKSM\" exec \"$ASSEMBLY\" exec --merge printf '<%s>\\n' --version\n:").Output);
    }

    [Fact]
    public void Exec_Program_Merges()
    {
        RequireMerging();

        Tool tool = Script($"{Exec} cat /proc/self/smaps\n:");

        Assert.Equal(true, MergeOverExec.ShowsMerging(Encoding.UTF8.GetBytes(tool.Output)));
        Assert.Equal(false, MergeOverExec.ShowsMerging(Encoding.UTF8.GetBytes(Script("cat /proc/self/smaps\n:").Output)));
    }

    [Fact]
    public void Exec_ExitCode_IsThePrograms()
    {
        RequireMerging();

        Assert.Equal(7, Script($"{Exec} sh -c 'exit 7'").ExitCode);
    }

    [Fact]
    public void Exec_LimitsThatTheParentDidNotPassOn_AreSaid()
    {
        RequireMerging();

        Tool tool = Script($"prlimit --nofile=200:300 {Exec} sh -c 'ulimit -Sn'\n:");

        Assert.SkipWhen(tool.ExitCode == 127, "needs prlimit");
        Assert.Equal("300\n", tool.Output);
        Assert.Contains("the soft limit of open files is 300 now", tool.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(null, false)]
    [InlineData(false, true)]
    public void Warning_KernelThatForgets_IsGiven(bool? isKept, bool expected) =>
        Assert.Equal(expected, ExecCommand.Warning(isKept, "redis-server")?.Contains("6.4 to 6.6", StringComparison.Ordinal) is true);

    // As Linux 6.18 writes it. In the midst of exec there is nothing but the stack, which has no name yet and no mark, and then the
    // kernel's own pages.
    [Theory]
    [InlineData(Stack, null)]
    [InlineData(Vdso + Stack, null)]
    [InlineData(Program + " rd ex mr mw me mg sd \n" + Vdso + Stack, true)]
    [InlineData(Program + " rd ex mr mw me sd \n" + Vdso + Stack, false)]
    [InlineData(Program + " rd ex mr mw me sd \n" + Heap + " rd wr mr mw me ac mg sd \n", true)]
    [InlineData("7f2c80000000-7f2c80001000 r--s 00000000 08:01 77 /usr/lib/locale/C.utf8\nVmFlags: rd mr me ms sd \n" + Stack, null)]
    [InlineData("Rss: 4 kB\n", null)]
    [InlineData("", null)]
    public void ShowsMerging_TextOfSmaps_IsRead(string smaps, bool? expected) =>
        Assert.Equal(expected, MergeOverExec.ShowsMerging(Encoding.UTF8.GetBytes(smaps)));

    [Fact]
    public void ParentState_StartedByDotnetRun_AsksWhoStartedThat()
    {
        string proc = Directory.CreateTempSubdirectory("fastksm-proc-").FullName;
        try
        {
            Note(proc, "self", parent: 30, "dotnet\0exec\0FastKsm.Cli.dll\0", ignored: "1000", limit: "20000", "FROM=self\0");
            Note(proc, "30", parent: 20, "/usr/bin/dotnet\0run\0--project\0tools/fastksm\0--\0exec\0", ignored: "1000", limit: "20000", "FROM=shell\0");
            Note(proc, "20", parent: 1, "bash\0", ignored: "2", limit: "1024", "FROM=elsewhere\0");

            ParentState state = ParentState.TryRead(proc)!;

            Assert.Equal("FROM=shell\0"u8.ToArray(), state.Environment);
            Assert.Equal((1024UL, 20000UL), state.OpenFiles);
            Assert.False(state.PassedOnPipe(own: 0));
        }
        finally
        {
            Directory.Delete(proc, recursive: true);
        }
    }

    [Fact]
    public void ParentState_StartedByAShell_TakesItsStateAndTheOwnEnvironment()
    {
        string proc = Directory.CreateTempSubdirectory("fastksm-proc-").FullName;
        try
        {
            Note(proc, "self", parent: 20, "dotnet\0exec\0FastKsm.Cli.dll\0", ignored: "1000", limit: "20000", string.Empty);
            Note(proc, "20", parent: 1, "bash\0run\0", ignored: "0000000000001000", limit: "1024", string.Empty);

            ParentState state = ParentState.TryRead(proc)!;

            Assert.Null(state.Environment);
            Assert.True(state.PassedOnPipe(own: 0));
            Assert.Null(ParentState.TryRead(proc, "21"));
        }
        finally
        {
            Directory.Delete(proc, recursive: true);
        }
    }

    [Theory]
    [InlineData(0x0000_1000, 0x0000_0000, true, false)] // A shell with trap '' PIPE, or systemd.
    [InlineData(0x0100_1000, 0x0000_0000, false, false)] // Python, which restores them for what it starts.
    [InlineData(0x0100_1000, 0x0100_0000, true, false)] // A shell started by Python without that.
    [InlineData(0x0038_4004, 0x0000_0000, false, false)] // bash at a terminal.
    [InlineData(0x0000_4004, 0x0000_0000, false, true)] // A script with trap '' TERM.
    [InlineData(0x0000_0000, 0x0000_1000, false, false)] // The runtime itself.
    public void ParentState_IgnoredSignals_WitnessesTellWhetherTheyWerePassedOn(long parent, long own, bool pipe, bool terminate)
    {
        ParentState state = new((ulong)parent, null, null);

        Assert.Equal(pipe, state.PassedOnPipe((ulong)own));
        Assert.Equal(terminate, state.PassedOnTerminate((ulong)own));
    }

    private static void Note(string proc, string pid, int parent, string arguments, string ignored, string limit, string environment)
    {
        string folder = Directory.CreateDirectory(Path.Combine(proc, pid)).FullName;
        File.WriteAllText(Path.Combine(folder, "status"), string.Create(CultureInfo.InvariantCulture, $"Name:\tx\nPPid:\t{parent}\nSigIgn:\t{ignored}\n"));
        File.WriteAllText(Path.Combine(folder, "cmdline"), arguments);
        File.WriteAllText(Path.Combine(folder, "environ"), environment);
        File.WriteAllText(
            Path.Combine(folder, "limits"), $"Limit                     Soft Limit           Hard Limit           Units\nMax open files            {limit,-20} 20000                files\n");
    }

    private static void RequireMerging() =>
        Assert.SkipUnless(Directory.Exists("/sys/kernel/mm/ksm"), "needs KSM in the kernel");

    // A file, not -c: a shell replaces itself by the last command of -c, and is not there to be asked then.
    private static Tool Script(string text)
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(
                file, $"export FASTKSM=dotnet ASSEMBLY='{Tool.Assembly}' LOOK='{Look.Replace("'", "'\\''", StringComparison.Ordinal)}'\n{text}\n");

            // The test's own process is one of .NET's: what it starts ignores SIGPIPE too, and a shell can't mend that.
            Tool tool = Tool.RunThrough("env", ["--default-signal=PIPE", "bash", file]);
            Assert.SkipWhen(tool.ExitCode == 125, "needs env of coreutils 8.31: --default-signal");
            return tool;
        }
        finally
        {
            File.Delete(file);
        }
    }
}
