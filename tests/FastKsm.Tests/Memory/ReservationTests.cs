using System.Globalization;
using System.IO;
using FastKsm.Memory;
using Xunit;

namespace FastKsm.Tests.Memory;

/// <summary>What the host says about a reservation.</summary>
public sealed unsafe class ReservationTests
{
    private const int HostPage = 4096;

    [Fact]
    public void Reserve_PartlyCommitted_IsGuardedAtBothEndsAndBehindTheCommittedPart()
    {
        using Reservation reservation = Reservation.Reserve((nuint)1 << 40);

        Assert.True(reservation.TryCommit(1, 2 * HostPage));
        reservation.Base[0] = 1;
        reservation.Base[(3 * HostPage) - 1] = 2;

        ulong first = (ulong)reservation.Base;
        Assert.Equal("---p", ProtectionAt(first - 1));
        Assert.Equal("rw-p", ProtectionAt(first));
        Assert.Equal("rw-p", ProtectionAt(first + (3 * HostPage) - 1));
        Assert.Equal("---p", ProtectionAt(first + (3 * HostPage)));
        Assert.Equal("---p", ProtectionAt(first + (1UL << 40)));
    }

    [Fact]
    public void Reserve_MoreThanAnAddressSpace_Throws() =>
        Assert.Throws<OutOfNativeMemoryException>(() => Reservation.Reserve((nuint)1 << 60));

    private static string ProtectionAt(ulong address)
    {
        foreach (string line in File.ReadLines("/proc/self/maps"))
        {
            string[] parts = line.Split([' ', '-'], 4);
            if (address >= ulong.Parse(parts[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture)
                && address < ulong.Parse(parts[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture))
            {
                return line.Split(' ')[1];
            }
        }

        return "unmapped";
    }
}
