using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.AddressSpaces;

/// <content>Who shares an anon_vma, and what it costs: rows C14, C15 and C33 to C36.</content>
public sealed partial class VmaRulesTests
{
    [Fact]
    public void Write_PiecesDifferingInProtection_ShareAnAnonVma_C14()
    {
        Untouched(At, 2);
        Protect(At + 1, 1, W | Protection.Execute);
        _process.Touch(At * Page, 2);
        Assert.Equal(1u, _machine.Store.AnonVmas.Count);

        Protect(At + 1, 1, W);

        Expect(1);
    }

    [Fact]
    public void Write_PiecesDifferingInDontDump_DoNot_C15()
    {
        Untouched(At, 2);
        _process.Advise((At + 1) * Page, Page, Advice.DontDump);
        _process.Touch(At * Page, 2);
        Assert.Equal(2u, _machine.Store.AnonVmas.Count);

        _process.Advise((At + 1) * Page, Page, Advice.DoDump);

        Expect(2);
    }

    [Fact]
    public void Protect_EveryOtherPage_SharesOneAnonVma_C33_C36()
    {
        const int Pages = 800;
        Written(At, Pages);
        for (ulong i = 0; i < Pages; i += 2)
        {
            Protect(At + i, 1, R);
        }

        Expect(Pages);
        Assert.Equal((1u, (uint)Pages), (_machine.Store.AnonVmas.Count, _machine.Store.AnonVmas.LinkCount));

        ModelProcess child = _process.Fork();
        Assert.Equal((1u + Pages, 3u * Pages), (_machine.Store.AnonVmas.Count, _machine.Store.AnonVmas.LinkCount));
        child.Exit();

        Assert.Equal((1u, (uint)Pages), (_machine.Store.AnonVmas.Count, _machine.Store.AnonVmas.LinkCount));
    }

    [Theory]
    [InlineData(true, 1u)] // C34
    [InlineData(false, 200u)] // C35
    public void Write_AfterSplitting_SharesByWhatDiffers_C34_C35(bool byProtection, uint anonVmas)
    {
        const int Pages = 200;
        Untouched(At, Pages);
        for (ulong i = 0; i < Pages; i += 2)
        {
            if (byProtection)
            {
                Protect(At + i, 1, W | Protection.Execute);
            }
            else
            {
                _process.Advise((At + i) * Page, Page, Advice.DontDump);
            }
        }

        _process.Touch(At * Page, Pages);

        Assert.Equal((anonVmas, (uint)Pages), (_machine.Store.AnonVmas.Count, _machine.Store.AnonVmas.LinkCount));
    }
}
