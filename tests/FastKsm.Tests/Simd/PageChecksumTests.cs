using System;
using System.Runtime.InteropServices;
using FastKsm.Simd;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Simd;

[Trait("Category", "Simd")]
public sealed class PageChecksumTests
{
    private const int Alignments = 64;

    // XXH3 with seed 0 of the first bytes of xxHash's sanity buffer: length, 64-bit result, halves of the 128-bit result.
    private static readonly (int Length, ulong Hash64, ulong High, ulong Low)[] s_published =
    [
        (16, 0x981B17D36C7498C9, 0xC68C368ECF8A9C05, 0x562980258A998629),
        (32, 0x9FEADDBDBF57EED3, 0x98FC6458710DC2E8, 0x278410A17595E3F9),
        (48, 0x397DA259ECBA1F11, 0xA002AC4E5478227E, 0xF942219AED80F67B),
        (64, 0x9CB48487720EC49D, 0x6D90E81A9B0FD622, 0xEFDB6A44690721A9),
        (80, 0xBCDEFBBB2C47C90A, 0xFDF2CEFDE9EAAC8A, 0x454AE6BF7A8A532D),
        (96, 0x935A769A7F94776F, 0xD9D0B885F56C93F1, 0xE9324473EA9AFEBE),
        (112, 0xD13D8F57931EEF19, 0xD1B2CF3831D419AD, 0xCBFD9024E4B6C79D),
        (128, 0xFCFF24126754D861, 0x39992220E045260A, 0xEBB15E34A7FB5AB1),
        (144, 0xC440D47E5F03FE58, 0x19A5EE4A79AA5123, 0x7A9080376C0E4B95),
        (160, 0x9D03A319ED4CBD2B, 0xBA5D218964B622AD, 0x737126C8D7C09CEE),
        (176, 0x6A79C99804538253, 0xF90FFA43B3A4CD01, 0x44D5606C76F151AD),
        (192, 0xAF9F58E78B8D3587, 0x064934DB40706C3D, 0x0679E7F625E389D9),
        (208, 0x2CF1E5EB7433AA4D, 0x2A5EC86B307D8F43, 0xFB2FC40F9B08B843),
        (224, 0x3F3250C7E92C871A, 0xF20D710DDBFBCAB1, 0x8B5B0074A7EB57DA),
        (240, 0x81C3C2B67F568CCF, 0xAA4202DAA2769DC8, 0x5C9AAE94C8EBE5A0),
        (256, 0x55DE574AD89D0AC5, 0x8B1C66091423D288, 0x55DE574AD89D0AC5),
        (272, 0xD74D68D5D03119B3, 0x7F67100978A370CB, 0xD74D68D5D03119B3),
        (320, 0x75620D350FF5C694, 0x2C6021659F44E8D3, 0x75620D350FF5C694),
        (512, 0x617E49599013CB6B, 0x18D2D110DCC9BCA1, 0x617E49599013CB6B),
        (1008, 0x7443AF3E66764D1E, 0x1A866F2FAA47512A, 0x7443AF3E66764D1E),
        (1024, 0xDD85C9B5C1109C5C, 0x0D30D24071C64C57, 0xDD85C9B5C1109C5C),
        (1040, 0xA76D74A9DE8985A1, 0x2289E2415D65F4C5, 0xA76D74A9DE8985A1),
        (1088, 0xCC1450EA6B52A8F4, 0xE0FA3B9E9FB69D83, 0xCC1450EA6B52A8F4),
        (2032, 0x730334D88E3E042E, 0x373E97EB8F27342D, 0x730334D88E3E042E),
        (2048, 0xDD59E2C3A5F038E0, 0xF736557FD47073A5, 0xDD59E2C3A5F038E0),
        (2064, 0x8F49404347CC5423, 0x77341D0BD33948B6, 0x8F49404347CC5423),
        (2240, 0x6E73A90539CF2948, 0xCCB134FBFA7CE49D, 0x6E73A90539CF2948),
        (2304, 0x16677470A0BCA896, 0xD055E454570D4D21, 0x16677470A0BCA896),
        (3072, 0x696BF231F32AB848, 0x27DFCD2295AB7006, 0x696BF231F32AB848),
        (4080, 0x7ED2234F362A97D5, 0x9EC21BF269AEB135, 0x7ED2234F362A97D5),
        (4096, 0xE91206429D1F48F9, 0xB9CFAEA2CA5626A4, 0xE91206429D1F48F9),
        (4112, 0xE6C6754333B04AA6, 0x6F85BAAD7B7C1DEA, 0xE6C6754333B04AA6),
        (4608, 0x4D43A2E6D4CE686E, 0x9791DF9BCA040B2D, 0x4D43A2E6D4CE686E),
    ];

    public static TheoryData<int> PublishedLengths => [.. Array.ConvertAll(s_published, vector => vector.Length)];

    [Theory]
    [MemberData(nameof(PublishedLengths))]
    public void Hash_SanityBuffer_EveryLaneGivesThePublishedValue(int length)
    {
        (_, ulong hash64, ulong high, ulong low) = Array.Find(s_published, vector => vector.Length == length);

        AssertEveryLane(hash64, new UInt128(high, low), SanityBuffer(length));
    }

    [Fact]
    public void Hash_EveryLengthAndAlignment_EveryLaneAgreesWithScalar()
    {
        byte[] buffer = RandomBytes(4096 + Alignments);
        for (int length = 16; length <= 4096; length += length < 1200 ? 16 : 208)
        {
            AssertLanesAgree(buffer.AsSpan(length % Alignments, length));
        }

        for (int alignment = 0; alignment < Alignments; alignment++)
        {
            AssertLanesAgree(buffer.AsSpan(alignment, 4096));
            AssertLanesAgree(buffer.AsSpan(alignment, 1040));
            AssertLanesAgree(buffer.AsSpan(alignment, 48));
        }
    }

    [Fact]
    public void Hash_EveryBitSet_EveryLaneAgreesWithScalar()
    {
        // Carries run the whole width of every sum.
        byte[] ones = new byte[8192];
        ones.AsSpan().Fill(byte.MaxValue);

        AssertLanesAgree(ones);
        AssertLanesAgree(ones.AsSpan(0, 4096));
        AssertLanesAgree(new byte[4096]);
    }

    [Fact]
    public void Hash_BetweenGuardPages_EveryLaneReadsTheContentAndNothingElse()
    {
        for (int length = 16; length <= 4096; length += length < 352 ? 16 : 208)
        {
            using GuardedPage page = new(length);
            RandomBytes(length).CopyTo(page.Bytes);
            AssertLanesAgree(page.Bytes);
            AssertLanesAgree(page.BytesAfterGuard);
        }
    }

    [Fact]
    public void Hash_OneBitFlips_EveryLaneNotices()
    {
        byte[] page = RandomBytes(4096);
        ulong before64 = PageChecksum.Hash64(page);
        UInt128 before128 = PageChecksum.Hash128(page);

        for (int index = 0; index < page.Length; index++)
        {
            page[index] ^= 1;
            Assert.NotEqual(before64, PageChecksum.Hash64(page));
            Assert.NotEqual(before128, PageChecksum.Hash128(page));
            page[index] ^= 1;
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(8)]
    [InlineData(4090)]
    public void Hash_BadSize_NamesTheArgument(int length)
    {
        Assert.Equal("content", Assert.Throws<ArgumentException>(() => PageChecksum.Hash64(new byte[length])).ParamName);
        Assert.Equal("content", Assert.Throws<ArgumentException>(() => PageChecksum.Hash128(new byte[length])).ParamName);
    }

    private static void AssertLanesAgree(ReadOnlySpan<byte> content) =>
        AssertEveryLane(Hash64<ScalarChecksumLane>(content), Hash128<ScalarChecksumLane>(content), content);

    private static void AssertEveryLane(ulong hash64, UInt128 hash128, ReadOnlySpan<byte> content)
    {
        Assert.Equal(hash64, Hash64<ScalarChecksumLane>(content));
        Assert.Equal(hash64, Hash64<ChecksumLane128>(content));
        Assert.Equal(hash64, Hash64<ChecksumLane256>(content));
        Assert.Equal(hash64, Hash64<ChecksumLane512>(content));
        Assert.Equal(hash64, PageChecksum.Hash64(content));
        Assert.Equal(hash128, Hash128<ScalarChecksumLane>(content));
        Assert.Equal(hash128, Hash128<ChecksumLane128>(content));
        Assert.Equal(hash128, Hash128<ChecksumLane256>(content));
        Assert.Equal(hash128, Hash128<ChecksumLane512>(content));
        Assert.Equal(hash128, PageChecksum.Hash128(content));
    }

    private static ulong Hash64<TLane>(ReadOnlySpan<byte> content)
        where TLane : struct, IChecksumLane =>
        PageChecksum.Hash64With<TLane>(in MemoryMarshal.GetReference(content), (nuint)content.Length);

    private static UInt128 Hash128<TLane>(ReadOnlySpan<byte> content)
        where TLane : struct, IChecksumLane =>
        PageChecksum.Hash128With<TLane>(in MemoryMarshal.GetReference(content), (nuint)content.Length);

    // The generator of xxHash's own sanity check.
    private static byte[] SanityBuffer(int length)
    {
        byte[] buffer = new byte[length];
        ulong state = 2654435761;
        for (int index = 0; index < length; index++)
        {
            buffer[index] = (byte)(state >> 56);
            state *= 11400714785074694797;
        }

        return buffer;
    }

    private static byte[] RandomBytes(int length)
    {
        byte[] bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }
}
