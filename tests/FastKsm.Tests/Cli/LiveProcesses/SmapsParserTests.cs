using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using FastKsm.Cli.LiveProcesses;
using Xunit;

namespace FastKsm.Tests.Cli.LiveProcesses;

public sealed class SmapsParserTests
{
    private const string Text = """
        55e0c8a00000-55e0c8a21000 rw-p 00000000 00:00 0                          [heap]
        Size:                132 kB
        Anonymous:           100 kB
        KSM:                  12 kB
        VmFlags: rd wr mr mw me lo ac um mg
        7f0000000000-7f0000400000 rw-s 00000000 00:01 1234                       /dev/shm/with a blank (deleted)
        Pss:                 512 kB
        Anonymous:             0 kB
        Shared_Hugetlb:     2048 kB
        Private_Hugetlb:    4096 kB
        VmFlags: rd wr sh mr mw me ms
        7fff00000000-7fff00002000 r-xp 00000000 00:00 0                          [vdso]
        VmFlags: rd ex mr mw me de
        ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]

        """;

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100_000)]
    public void Feed_InPieces_FindsEveryVma(int pieceLength)
    {
        List<Vma> vmas = [];
        SmapsParser parser = new(vmas);
        foreach (byte[] piece in Encoding.UTF8.GetBytes(Text).Chunk(pieceLength))
        {
            parser.Feed(piece);
        }

        parser.Complete();

        Assert.Equal(
            [
                new Vma(
                    0x55e0c8a00000,
                    0x55e0c8a21000,
                    VmaFlags.Readable | VmaFlags.Writable | VmaFlags.Mergeable | VmaFlags.Locked | VmaFlags.Userfault,
                    100 * 1024,
                    12 * 1024,
                    "[heap]") { TellsKsm = true },
                new Vma(
                    0x7f0000000000,
                    0x7f0000400000,
                    VmaFlags.Readable | VmaFlags.Writable | VmaFlags.Shared | VmaFlags.MayShare,
                    0,
                    0,
                    "/dev/shm/with a blank (deleted)") { ProportionalBytes = 512 * 1024, HugeTlbBytes = 6144 * 1024 },
                new Vma(
                    0x7fff00000000,
                    0x7fff00002000,
                    VmaFlags.Readable | VmaFlags.Executable | VmaFlags.DontExpand,
                    0,
                    0,
                    "[vdso]"),
                new Vma(0xffffffffff600000, 0xffffffffff601000, VmaFlags.None, 0, 0, "[vsyscall]"),
            ],
            vmas);
    }

    [Theory]
    [InlineData("rd wr", nameof(VmaEligibility.Eligible))]
    [InlineData("rd wr sh ms", nameof(VmaEligibility.Shared))]
    [InlineData("rd ms", nameof(VmaEligibility.SharedFile))]
    [InlineData("rd wr ht", nameof(VmaEligibility.HugeTlb))]
    [InlineData("rd wr io pf", nameof(VmaEligibility.Device))]
    [InlineData("rd wr mm", nameof(VmaEligibility.Device))]
    [InlineData("rd de", nameof(VmaEligibility.Special))]
    [InlineData("rd wr dp", nameof(VmaEligibility.Droppable))]
    public void Eligibility_OfFlags_IsLinuxs(string codes, string eligibility)
    {
        List<Vma> vmas = [];
        SmapsParser parser = new(vmas);
        parser.Feed(Encoding.UTF8.GetBytes($"1000-2000 rw-p 00000000 00:00 0\nVmFlags: {codes}\n"));
        parser.Complete();

        Assert.Equal(eligibility, Assert.Single(vmas).Eligibility.ToString());
    }

    [Fact]
    public void Feed_Garbage_FindsNothingAndKeepsNothing()
    {
        List<Vma> vmas = [];
        SmapsParser parser = new(vmas);
        byte[] noise = new byte[1 << 20];
        new Random(1).NextBytes(noise);

        parser.Feed(noise);
        parser.Feed("2000-1000 rw-p\nAnonymous: 8 kB\nVmFlags: rd\n"u8);
        parser.Complete();

        Assert.Empty(vmas);
    }
}
