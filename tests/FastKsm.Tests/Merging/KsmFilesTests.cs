using System;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Merging;

/// <summary>What the files under /sys/kernel/mm/ksm take and refuse; each value was tried on Linux 6.18.</summary>
public sealed class KsmFilesTests
{
    [Theory]
    [InlineData("use_zero_pages", "1", "1")]
    [InlineData("use_zero_pages", "Y", "1")]
    [InlineData("use_zero_pages", "t", "1")]
    [InlineData("use_zero_pages", "enable", "1")]
    [InlineData("use_zero_pages", "ON\n", "1")]
    [InlineData("use_zero_pages", "10", "1")]
    [InlineData("smart_scan", "offx", "0")]
    [InlineData("smart_scan", "d", "0")]
    [InlineData("smart_scan", "", "1")]
    [InlineData("max_page_sharing", "+7", "7")]
    [InlineData("max_page_sharing", "007\n", "7")]
    [InlineData("max_page_sharing", "2147483647", "2147483647")]
    [InlineData("pages_to_scan", "4294967295", "4294967295")]
    [InlineData("sleep_millisecs", "0", "0")]
    [InlineData("merge_across_nodes", "0\n", "0")]
    [InlineData("merge_across_nodes", "+1", "1")]
    [InlineData("merge_across_nodes", "00", "0")]
    [InlineData("advisor_mode", "scan-time\n", "none [scan-time]")]
    [InlineData("advisor_mode", "none", "[none] scan-time")]
    [InlineData("advisor_mode", "", "[none] scan-time")]
    [InlineData("advisor_max_cpu", "0", "0")]
    [InlineData("advisor_max_cpu", "4294967366", "70")]
    [InlineData("advisor_max_cpu", "18446744073709551615", "4294967295")]
    [InlineData("advisor_min_pages_to_scan", "30001", "30001")]
    [InlineData("advisor_min_pages_to_scan", "18446744073709551615", "18446744073709551615")]
    [InlineData("advisor_max_pages_to_scan", "0", "0")]
    [InlineData("advisor_max_pages_to_scan", "9223372036854775808", "9223372036854775808")]
    [InlineData("advisor_target_scan_time", "1", "1")]
    [InlineData("advisor_target_scan_time", "18446744073709551615", "18446744073709551615")]
    [InlineData("run", "+0", "0")]
    [InlineData("pages_to_scan", "00", "0")]
    public void Write_OfAValueThatLinuxTakes_ShowsIt(string file, string text, string shown)
    {
        using Machine machine = Machines.Small();
        machine.Ksm.Write(file, text);

        Assert.Equal(shown, machine.Ksm.Read(file));
    }

    [Theory]
    [InlineData("use_zero_pages", "2", Errno.Invalid)]
    [InlineData("use_zero_pages", "o", Errno.Invalid)]
    [InlineData("smart_scan", " 1", Errno.Invalid)]
    [InlineData("max_page_sharing", "1", Errno.Invalid)]
    [InlineData("max_page_sharing", "-5", Errno.Invalid)]
    [InlineData("max_page_sharing", "0x10", Errno.Invalid)]
    [InlineData("max_page_sharing", "8 ", Errno.Invalid)]
    [InlineData("max_page_sharing", "2147483648", Errno.OutOfRange)]
    [InlineData("max_page_sharing", "-99999999999", Errno.OutOfRange)]
    [InlineData("pages_to_scan", "4294967296", Errno.Invalid)]
    [InlineData("pages_to_scan", "-1", Errno.Invalid)]
    [InlineData("run", "3", Errno.Invalid)]
    [InlineData("run", "-1", Errno.Invalid)]
    [InlineData("run", "x", Errno.Invalid)]
    [InlineData("run", "4", Errno.Invalid)]
    [InlineData("run", "-0", Errno.Invalid)]
    [InlineData("run", "18446744073709551616", Errno.Invalid)]
    [InlineData("pages_to_scan", "18446744073709551616", Errno.Invalid)]
    [InlineData("merge_across_nodes", "2", Errno.Invalid)]
    [InlineData("merge_across_nodes", "-0", Errno.Invalid)]
    [InlineData("merge_across_nodes", "x", Errno.Invalid)]
    [InlineData("merge_across_nodes", "18446744073709551615", Errno.Invalid)]
    [InlineData("merge_across_nodes", "18446744073709551616", Errno.OutOfRange)]
    [InlineData("advisor_mode", "scan-time ", Errno.Invalid)]
    [InlineData("advisor_mode", "none\n\n", Errno.Invalid)]
    [InlineData("advisor_mode", " none", Errno.Invalid)]
    [InlineData("advisor_mode", "nonesuch", Errno.Invalid)]
    [InlineData("advisor_mode", "\n", Errno.Invalid)]
    [InlineData("advisor_max_cpu", "-1", Errno.Invalid)]
    [InlineData("advisor_max_cpu", "-0", Errno.Invalid)]
    [InlineData("advisor_max_cpu", "+", Errno.Invalid)]
    [InlineData("advisor_max_cpu", "7 ", Errno.Invalid)]
    [InlineData("advisor_max_cpu", "7\n\n", Errno.Invalid)]
    [InlineData("advisor_max_cpu", "18446744073709551616", Errno.Invalid)]
    [InlineData("advisor_min_pages_to_scan", "-1", Errno.Invalid)]
    [InlineData("advisor_max_pages_to_scan", "18446744073709551616", Errno.Invalid)]
    [InlineData("advisor_target_scan_time", "00", Errno.Invalid)]
    [InlineData("pages_shared", "0", Errno.AccessDenied)]
    public void Write_OfAnythingElse_IsRefusedAndChangesNothing(string file, string text, Errno error)
    {
        using Machine machine = Machines.Small();
        string before = machine.Ksm.Read(file);

        Assert.Equal(error, Assert.Throws<MemoryOperationException>(() => machine.Ksm.Write(file, text)).Error);
        Assert.Equal(before, machine.Ksm.Read(file));
    }

    [Fact]
    public void Read_OfAnUnknownFile_NamesThoseThereAre() =>
        Assert.Contains("pages_sharing", Assert.Throws<ArgumentException>(() =>
        {
            using Machine machine = Machines.Small();
            _ = machine.Ksm.Read("pages_shard");
        }).Message, StringComparison.Ordinal);
}
