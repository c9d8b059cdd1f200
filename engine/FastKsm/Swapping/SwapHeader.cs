using System;
using System.Buffers.Binary;
using System.Globalization;

namespace FastKsm.Swapping;

/// <summary>The first page of a swap device, as mkswap writes it.</summary>
/// <remarks>
/// <c>[1024] version 1  [1028] last page  [1032] number of bad pages  [1036] UUID  [1052] label  [1536] bad pages, 32
/// bits each
/// [4086] "SWAPSPACE2"</c>, in either byte order.
/// </remarks>
internal sealed class SwapHeader
{
    /// <summary>Bytes of the page.</summary>
    internal const int Bytes = 4096;

    /// <summary>Bad pages that there is room for.</summary>
    internal const int MostBadPages = 637;

    private const int VersionAt = 1024;
    private const int LastPageAt = 1028;
    private const int BadCountAt = 1032;
    private const int UuidAt = 1036;
    private const int LabelAt = 1052;
    private const int BadAt = 1536;
    private const int MagicAt = 4086;
    private const int LabelBytes = 16;
    private const uint Version = 1;

    private SwapHeader(uint lastPage, uint[] badPages)
    {
        LastPage = lastPage;
        BadPages = badPages;
    }

    /// <summary>Last slot of the device.</summary>
    internal uint LastPage { get; }

    /// <summary>Slots that must not be used, as listed.</summary>
    internal uint[] BadPages { get; }

    private static ReadOnlySpan<byte> Magic => "SWAPSPACE2"u8;

    /// <summary>Writes a header.</summary>
    /// <param name="page"><see cref="Bytes"/> bytes; the first 1024 stay as they are.</param>
    /// <param name="lastPage">Last slot.</param>
    /// <param name="badPages">Slots that must not be used; <see cref="MostBadPages"/> at most.</param>
    /// <param name="uuid">Identity; none by default.</param>
    /// <param name="label">Name, cut to 16 bytes.</param>
    internal static void Write(
        Span<byte> page, uint lastPage, ReadOnlySpan<uint> badPages = default, Guid uuid = default, string label = "")
    {
        page[VersionAt..Bytes].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(page[VersionAt..], Version);
        BinaryPrimitives.WriteUInt32LittleEndian(page[LastPageAt..], lastPage);
        BinaryPrimitives.WriteUInt32LittleEndian(page[BadCountAt..], (uint)badPages.Length);
        _ = uuid.TryWriteBytes(page[UuidAt..], bigEndian: true, out _);
        byte[] name = System.Text.Encoding.UTF8.GetBytes(label);
        name.AsSpan(0, int.Min(LabelBytes, name.Length)).CopyTo(page[LabelAt..]);
        for (int i = 0; i < badPages.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(page[(BadAt + (i * sizeof(uint)))..], badPages[i]);
        }

        Magic.CopyTo(page[MagicAt..]);
    }

    /// <summary>Reads a header, and refuses what swapon refuses.</summary>
    /// <param name="page"><see cref="Bytes"/> bytes.</param>
    /// <param name="slots">Size of the device.</param>
    /// <param name="era">Which Linux decides.</param>
    /// <param name="header">What it says.</param>
    /// <param name="fault">What is wrong with it, with the value and the range; null if nothing is.</param>
    internal static bool TryRead(
        ReadOnlySpan<byte> page, uint slots, SwapEra era, out SwapHeader header, out string? fault)
    {
        header = new SwapHeader(0, []);
        if (!page[MagicAt..].StartsWith(Magic))
        {
            fault = "not a swap area: no SWAPSPACE2 at byte 4086.";
            return false;
        }

        // A header of the other byte order shows in its version.
        uint version = BinaryPrimitives.ReadUInt32LittleEndian(page[VersionAt..]);
        bool isSwapped = BinaryPrimitives.ReverseEndianness(version) == Version;
        uint lastPage = Word(page, LastPageAt, isSwapped);
        uint bad = Word(page, BadCountAt, isSwapped);
        fault = version != Version && !isSwapped ? Text($"the swap area has version {version}; only 1 is known.")
            : lastPage == 0 ? "the swap area is empty: its last page is 0."
            : lastPage >= slots ? Text($"the swap area's last page is {lastPage}, but the device has {slots} pages.")
            : bad > MostBadPages ? Text($"the swap area lists {bad} bad pages; there is room for {MostBadPages}.")
            : null;
        if (fault is not null)
        {
            return false;
        }

        uint[] pages = new uint[bad];
        for (int i = 0; i < pages.Length; i++)
        {
            pages[i] = Word(page, BadAt + (i * sizeof(uint)), isSwapped);
            uint listed = pages[i];
            fault = listed == 0 || listed > lastPage ? Text($"the swap area lists bad page {listed}; they are 1 to {lastPage}.")
                : era == SwapEra.Phase4 && Array.IndexOf(pages, listed) < i ? Text($"the swap area lists bad page {listed} twice.")
                : null;
            if (fault is not null)
            {
                return false;
            }
        }

        header = new SwapHeader(lastPage, pages);
        return true;
    }

    private static uint Word(ReadOnlySpan<byte> page, int at, bool isSwapped) => isSwapped
        ? BinaryPrimitives.ReadUInt32BigEndian(page[at..])
        : BinaryPrimitives.ReadUInt32LittleEndian(page[at..]);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
