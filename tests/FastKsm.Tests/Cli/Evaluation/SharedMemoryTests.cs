using FastKsm.Cli.Evaluation;
using FastKsm.Cli.LiveProcesses;
using Xunit;

namespace FastKsm.Tests.Cli.Evaluation;

public sealed class SharedMemoryTests
{
    private const VmaFlags Shared = VmaFlags.Shared | VmaFlags.MayShare;

    [Fact]
    public void Add_EachKind_IsSummedUpByItself()
    {
        SharedMemory sum = default;
        sum.Add(Vma(Shared, "/memfd:guest (deleted)", proportional: 100));
        sum.Add(Vma(Shared, "/dev/shm/pool", proportional: 20));
        sum.Add(Vma(Shared, "/SYSV00000000 (deleted)", proportional: 3));
        sum.Add(Vma(VmaFlags.MayShare, "/var/lib/data.mdb", proportional: 4));
        sum.Add(Vma(Shared | VmaFlags.HugeTlb, "/dev/hugepages/guest", hugeTlb: 500));
        sum.Add(Vma(VmaFlags.HugeTlb, "/anon_hugepage (deleted)", hugeTlb: 60));
        sum.Add(Vma(Shared | VmaFlags.Device, "/dev/vfio/7"));
        sum.Add(Vma(VmaFlags.Device | VmaFlags.DontExpand, "[vvar]"));
        sum.Add(Vma(VmaFlags.DontExpand, "[vdso]", proportional: 1));
        sum.Add(Vma(VmaFlags.None, "/usr/lib/libc.so", proportional: 1));

        Assert.Equal((100, 23, 4, 560, 4096), (sum.Memfd, sum.Shm, sum.Files, sum.HugeTlb, sum.Device));
        Assert.Equal(100 + 23 + 4 + 560 + 4096, sum.Total);
    }

    private static Vma Vma(VmaFlags flags, string name, ulong proportional = 0, ulong hugeTlb = 0) =>
        new(0x1000, 0x2000, flags, 0, 0, name) { ProportionalBytes = proportional, HugeTlbBytes = hugeTlb };
}
