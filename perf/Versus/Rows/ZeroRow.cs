using System.Runtime.CompilerServices;
using FastKsm.Simd;

namespace FastKsm.Perf.Versus.Rows;

/// <summary>A zero page in the first-level cache: our test against <c>memcmp</c> with the zero page. Unit: ns a page.</summary>
internal sealed class ZeroRow : IVersusRow
{
    private const int Repeats = 50_000;
    private const int WarmupRepeats = 200;

    public string Id => "zero";

    public string Unit => "ns/page";

    public double Goal => 1.0;

    public unsafe VersusMeasurement Measure(int rounds)
    {
        using PeerLibrary? library = PeerLibrary.TryBuild("libc", out string reason);
        if (library is null)
        {
            return VersusMeasurement.Skipped(reason);
        }

        using PageBuffer page = new(pages: 1);
        using PageBuffer zeroPage = new(pages: 1);
        var peer = (delegate* unmanaged<byte*, byte*, nuint, nuint, ulong>)library.Function("compare_pages");
        byte* memory = page.Memory, zeroMemory = zeroPage.Memory;
        ulong ours = 0, theirs = 0;

        Interleaved.WarmUp(() => ours = CountUnlike(memory, PageBuffer.PageBytes, WarmupRepeats));
        VersusRound[] measured = Interleaved.Time(
            rounds,
            Repeats,
            () => ours = CountUnlike(memory, PageBuffer.PageBytes, Repeats),
            () => theirs = peer(memory, zeroMemory, PageBuffer.PageBytes, Repeats));
        PeerDisagreesException.ThrowIfUnlike(Id, ours, theirs);
        return VersusMeasurement.Of(measured);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe ulong CountUnlike(byte* page, nuint pageBytes, int repeats)
    {
        ulong sum = 0;
        for (int repeat = 0; repeat < repeats; repeat++)
        {
            sum += PageZero.IsZero(in *page, pageBytes) ? 0u : 1u;
        }

        return sum;
    }
}
