using System.Linq;
using FastKsm.Cli.Recording;
using Xunit;

namespace FastKsm.Tests.Cli.Recording;

public sealed class KeyedFingerprintTests
{
    // The published vector of eight bytes: key 00 01 … 0f, message 00 01 … 07.
    [Fact]
    public void SipHash_PublishedVector_IsThat() => Assert.Equal(
        0x93f5f5799a932462UL, KeyedFingerprint.Of([.. Enumerable.Range(0, 16).Select(i => (byte)i)]).SipHash(0x0706050403020100));

    [Fact]
    public void Of_TwoRecordings_HaveNothingInCommon()
    {
        KeyedFingerprint first = KeyedFingerprint.Draw();
        KeyedFingerprint second = KeyedFingerprint.Draw();

        Assert.Equal(first.Of(42), first.Of(42));
        Assert.NotEqual(first.Of(42), first.Of(43));
        Assert.NotEqual(first.Of(42), second.Of(42));
    }

    [Fact]
    public void Forget_Key_NoFingerprintCanBeMadeAgain()
    {
        KeyedFingerprint key = KeyedFingerprint.Draw();
        ulong before = key.Of(42);

        key.Forget();

        Assert.NotEqual(before, key.Of(42));
    }
}
