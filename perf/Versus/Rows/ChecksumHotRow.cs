using System.Runtime.CompilerServices;
using FastKsm.Simd;

namespace FastKsm.Perf.Versus.Rows;

/// <summary>A page that lies in the first-level cache: our checksum against XXH3 of xxHash's header. Unit: ns a page.</summary>
/// <typeparam name="TLane">The path to force.</typeparam>
/// <param name="id">Name of the row.</param>
/// <param name="outOfReach">Why the path cannot run here; null if it can.</param>
/// <param name="define">Macro to compile the peer with, as NAME=VALUE; empty to leave the choice to its header.</param>
internal sealed class ChecksumHotRow<TLane>(string id, string? outOfReach, string define = "") : IVersusRow
    where TLane : struct, IChecksumLane
{
    private const int Repeats = 30_000;
    private const int WarmupRepeats = 200;

    public string Id => id;

    public string Unit => "ns/page";

    public double Goal => 1.0;

    public unsafe VersusMeasurement Measure(int rounds)
    {
        if (outOfReach is not null)
        {
            return VersusMeasurement.Skipped(outOfReach);
        }

        using PeerLibrary? library = PeerLibrary.TryBuild("xxh3", out string reason, define);
        if (library is null)
        {
            return VersusMeasurement.Skipped(reason);
        }

        using PageBuffer page = new(pages: 1);
        page.FillRandom();
        var peer = (delegate* unmanaged<byte*, nuint, nuint, nuint, ulong>)library.Function("hash_pages");
        byte* memory = page.Memory;
        ulong ours = 0, theirs = 0;

        Interleaved.WarmUp(() => ours = HashPage(memory, PageBuffer.PageBytes, WarmupRepeats));
        VersusRound[] measured = Interleaved.Time(
            rounds,
            Repeats,
            () => ours = HashPage(memory, PageBuffer.PageBytes, Repeats),
            () => theirs = peer(memory, PageBuffer.PageBytes, 1, Repeats));
        PeerDisagreesException.ThrowIfUnlike(id, ours, theirs);
        return VersusMeasurement.Of(measured);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe ulong HashPage(byte* page, nuint pageBytes, int repeats)
    {
        ulong sum = 0;
        for (int repeat = 0; repeat < repeats; repeat++)
        {
            sum += PageChecksum.Hash64With<TLane>(in *page, pageBytes);
        }

        return sum;
    }
}
