using System.Runtime.CompilerServices;
using FastKsm.Simd;

namespace FastKsm.Perf.Versus.Rows;

/// <summary>Two pages in the first-level cache: our compare against libc's <c>memcmp</c>. Unit: ns a pair.</summary>
/// <param name="id">Name of the row.</param>
/// <param name="firstDifference">Index of the only byte that differs; -1 for equal pages.</param>
internal sealed class CompareRow(string id, int firstDifference) : IVersusRow
{
    private const int Repeats = 50_000;
    private const int WarmupRepeats = 200;

    public string Id => id;

    public string Unit => "ns/pair";

    public double Goal => 1.0;

    public unsafe VersusMeasurement Measure(int rounds)
    {
        using PeerLibrary? library = PeerLibrary.TryBuild("libc", out string reason);
        if (library is null)
        {
            return VersusMeasurement.Skipped(reason);
        }

        using PageBuffer left = new(pages: 1);
        using PageBuffer right = new(pages: 1);
        left.FillRandom();
        left.Page(0).CopyTo(right.Page(0));
        if (firstDifference >= 0)
        {
            right.Page(0)[firstDifference] ^= 0x80;
        }

        var peer = (delegate* unmanaged<byte*, byte*, nuint, nuint, ulong>)library.Function("compare_pages");
        byte* leftMemory = left.Memory, rightMemory = right.Memory;
        ulong ours = 0, theirs = 0;

        Interleaved.WarmUp(() => ours = ComparePages(leftMemory, rightMemory, PageBuffer.PageBytes, WarmupRepeats));
        VersusRound[] measured = Interleaved.Time(
            rounds,
            Repeats,
            () => ours = ComparePages(leftMemory, rightMemory, PageBuffer.PageBytes, Repeats),
            () => theirs = peer(leftMemory, rightMemory, PageBuffer.PageBytes, Repeats));

        // Only the sign is defined.
        PeerDisagreesException.ThrowIfUnlike(id, ours == 0 ? 0u : 1u, theirs == 0 ? 0u : 1u);
        return VersusMeasurement.Of(measured);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe ulong ComparePages(byte* left, byte* right, nuint pageBytes, int repeats)
    {
        ulong sum = 0;
        for (int repeat = 0; repeat < repeats; repeat++)
        {
            sum += (ulong)PageCompare.Compare(in *left, in *right, pageBytes);
        }

        return sum;
    }
}
