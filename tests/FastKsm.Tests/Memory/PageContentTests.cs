using System;
using System.Runtime.InteropServices;
using FastKsm.Memory;
using Xunit;

namespace FastKsm.Tests.Memory;

/// <summary>Contents by number against the published generator.</summary>
public sealed class PageContentTests
{
    [Fact]
    public void Fill_PublishedSeed_GivesPublishedWords()
    {
        // The five outputs of SplitMix64 for seed 1234567 that implementations commonly test against.
        ulong[] expected =
        [
            6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821,
        ];
        byte[] page = new byte[4096];

        PageContent.Fill(page, 1234567);

        Assert.Equal(expected, MemoryMarshal.Cast<byte, ulong>(page)[..expected.Length].ToArray());
    }

    [Fact]
    public void Fill_ShorterContent_IsAPrefix()
    {
        byte[] page = new byte[4096];
        byte[] fingerprint = new byte[16];

        PageContent.Fill(page, 42);
        PageContent.Fill(fingerprint, 42);

        Assert.Equal(page.AsSpan(0, 16).ToArray(), fingerprint);
    }

    [Fact]
    public void Fill_ContentZero_IsAllZeroes()
    {
        byte[] page = new byte[4096];
        page.AsSpan().Fill(1);

        PageContent.Fill(page, 0);

        Assert.DoesNotContain(page, value => value != 0);
    }
}
