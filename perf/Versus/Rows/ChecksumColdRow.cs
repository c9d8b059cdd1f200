using System;
using System.Runtime.CompilerServices;
using FastKsm.Simd;

namespace FastKsm.Perf.Versus.Rows;

/// <summary>Pages that lie in memory: our checksum of each, against a read-only sweep. Unit: ns a page.</summary>
/// <remarks>A sweep is the least that anything which looks at every byte can cost.</remarks>
internal sealed class ChecksumColdRow : IVersusRow
{
    // 768 MiB: many times the last-level cache, also where a virtual machine sees only its share of that.
    private const int Pages = 768 << 8;
    private const int WarmupPages = 200;

    public string Id => "checksum.cold";

    public string Unit => "ns/page";

    public double Goal => 0.9;

    public unsafe VersusMeasurement Measure(int rounds)
    {
        using PeerLibrary? library = PeerLibrary.TryBuild("sweep", out string reason);
        if (library is null)
        {
            return VersusMeasurement.Skipped(reason);
        }

        using PageBuffer pages = new(Pages);
        pages.FillRandom();
        var peer = (delegate* unmanaged<byte*, nuint, ulong>)library.Function("sweep");
        byte* memory = pages.Memory;
        nuint byteLength = pages.ByteLength;
        ulong ours = 0, theirs = 0;

        Interleaved.WarmUp(() => ours = HashPages(memory, PageBuffer.PageBytes, WarmupPages));
        VersusRound[] measured = Interleaved.Time(
            rounds,
            Pages,
            () => ours = HashPages(memory, PageBuffer.PageBytes, Pages),
            () => theirs = peer(memory, byteLength));
        GC.KeepAlive((ours, theirs));
        return VersusMeasurement.Of(measured);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe ulong HashPages(byte* pages, nuint pageBytes, int count)
    {
        ulong sum = 0;
        for (int page = 0; page < count; page++)
        {
            sum += PageChecksum.Hash64(in *pages, pageBytes);
            pages += pageBytes;
        }

        return sum;
    }
}
