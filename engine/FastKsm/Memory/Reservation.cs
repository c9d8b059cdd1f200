using System.Diagnostics;
using System.Runtime.InteropServices;
using FastKsm.Primitives;
using Microsoft.Win32.SafeHandles;

namespace FastKsm.Memory;

/// <summary>Sole owner of a stretch of the host's address space: reserved whole, committed piece by piece.</summary>
/// <remarks>
/// Layout: <c>[guard page][usable, page-aligned][guard page]</c>. Committed bytes read as zero until written; touching
/// a
/// guard or an uncommitted byte kills the process at once instead of corrupting a neighbour. The base never moves, so
/// addresses into a reservation stay good for its life.
/// Thread safety: <see cref="TryCommit"/> may be called concurrently; whoever disposes must know that nobody reads.
/// </remarks>
internal sealed unsafe partial class Reservation : SafeHandleZeroOrMinusOneIsInvalid
{
    private const int ProtNone = 0;
    private const int ProtReadWrite = 1 | 2;
    private const int MapPrivateAnonymousNoReserve = 0x02 | 0x20 | 0x4000;

    private const int AdviseDontNeed = 4;
    private const int AdviseHugePage = 14;
    private const int AdviseNoHugePage = 15;
    private const int PagesPerLook = 4096;

    private nuint _mappedLength;

    /// <summary>Owns nothing yet; <see cref="Reserve"/> makes reservations.</summary>
    public Reservation()
        : base(ownsHandle: true)
    {
    }

    /// <summary>First usable byte.</summary>
    internal byte* Base { get; private set; }

    /// <summary>Usable bytes.</summary>
    internal nuint Length { get; private set; }

    /// <summary>Reserves address space; no memory is used yet.</summary>
    /// <param name="length">Usable bytes; at least one, rounded up to whole host pages.</param>
    /// <exception cref="OutOfNativeMemoryException">The host refuses the address space.</exception>
    internal static Reservation Reserve(nuint length)
    {
        Debug.Assert(length != 0, "An empty reservation is never made.");

        // The handle exists before the mapping does, so no failure in between can leak it.
        Reservation reservation = new();
        nuint usable = RoundUp(length);
        nuint mapped = usable + (2 * Sizes.HostPage);
        nint mapping = mmap(0, mapped, ProtNone, MapPrivateAnonymousNoReserve, -1, 0);
        if (mapping == -1)
        {
            reservation.Dispose();
            throw new OutOfNativeMemoryException($"The host refuses {mapped} bytes of address space.");
        }

        reservation.SetHandle(mapping);
        reservation._mappedLength = mapped;
        reservation.Base = (byte*)mapping + Sizes.HostPage;
        reservation.Length = usable;
        return reservation;
    }

    /// <summary>Makes a piece readable and writable; pieces may overlap ones committed before.</summary>
    /// <param name="offset">First byte, from the base.</param>
    /// <param name="length">Bytes; rounded outwards to whole host pages.</param>
    /// <returns>False when the host has no memory for it.</returns>
    internal bool TryCommit(nuint offset, nuint length)
    {
        nuint first = offset & ~(nuint)(Sizes.HostPage - 1);
        nuint end = RoundUp(offset + length);
        Debug.Assert(end <= Length && first < end, "Commit outside the reservation.");
        return mprotect((nint)(Base + first), end - first, ProtReadWrite) == 0;
    }

    /// <summary>Asks the host to back committed memory with huge pages where it can; a host that cannot is no
    /// failure.</summary>
    internal void PreferHugePages() => _ = madvise((nint)Base, Length, AdviseHugePage);

    /// <summary>Asks the host for single pages even where it would give huge ones: for what is touched here and
    /// there.</summary>
    internal void PreferSmallPages() => _ = madvise((nint)Base, Length, AdviseNoHugePage);

    /// <summary>Gives the memory behind committed bytes back to the host; they read as zero again.</summary>
    /// <param name="offset">First byte, from the base; a multiple of the host's page.</param>
    /// <param name="length">Bytes; a multiple of the host's page.</param>
    internal void Release(nuint offset, nuint length)
    {
        Debug.Assert(offset % Sizes.HostPage == 0 && length % Sizes.HostPage == 0, "Memory goes back in whole pages.");
        Debug.Assert(offset + length <= Length, "Release outside the reservation.");
        _ = madvise((nint)(Base + offset), length, AdviseDontNeed);
    }

    /// <summary>Bytes that the host backs with memory now.</summary>
    internal long ResidentBytes()
    {
        byte* seen = stackalloc byte[PagesPerLook];
        long pages = 0;
        for (nuint offset = 0; offset < Length; offset += PagesPerLook * Sizes.HostPage)
        {
            nuint length = nuint.Min(Length - offset, PagesPerLook * Sizes.HostPage);
            if (mincore((nint)(Base + offset), length, seen) == 0)
            {
                for (int i = 0; i < (int)(length / Sizes.HostPage); i++)
                {
                    pages += seen[i] & 1;
                }
            }
        }

        return pages * Sizes.HostPage;
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => munmap(handle, _mappedLength) == 0;

    private static nuint RoundUp(nuint length) => (length + Sizes.HostPage - 1) & ~(nuint)(Sizes.HostPage - 1);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint mmap(nint address, nuint length, int protection, int flags, int fd, nint offset);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int mprotect(nint address, nuint length, int protection);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int madvise(nint address, nuint length, int advice);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int mincore(nint address, nuint length, byte* vector);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int munmap(nint address, nuint length);
}
