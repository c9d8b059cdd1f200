using System;
using System.Threading;
using FastKsm.Tests.TestKit;
using FastKsm.Tlb;
using Xunit;

namespace FastKsm.Tests.Tlb;

/// <summary>What the oracle fails on, and what it lets pass. A leaf with id 1 holds the pages from 0x200 of address space 5.</summary>
public sealed class TranslationOracleTests
{
    private const uint Leaf = 1;
    private const uint Space = 5;
    private const ulong First = 0x200;

    private static readonly Translation s_read = new(new Pfn(7), TranslationBits.Valid | TranslationBits.Accessed);
    private static readonly Translation s_written = s_read with
    {
        Bits = s_read.Bits | TranslationBits.Writable | TranslationBits.Dirty,
    };

    private readonly TranslationOracle _oracle = new();

    public TranslationOracleTests() => _oracle.TableLinked(Leaf, Space, First);

    [Fact]
    public void Tests_HaveIt()
    {
        using Machine machine = Machines.Small();

        Assert.True(OracleSwitch.IsOn);
        Assert.NotNull(machine.Store.Oracle);
    }

    [Fact]
    public void FrameFreed_BeforeItsFlush_BreaksI2()
    {
        Change(s_read, default);

        _oracle.Freed(s_read.Frame);

        AssertBroken("I2", "frame 7");
    }

    [Fact]
    public void FrameFreed_BehindItsFlush_IsRight()
    {
        Change(s_read, default);
        Flush();

        _oracle.Freed(s_read.Frame);
        _oracle.OperationEnds();

        Assert.Null(_oracle.Fault);
    }

    [Fact]
    public void FrameFreed_TwoPagesLedToIt_TakesBothFlushes()
    {
        Change(s_read, default);
        Change(s_read, default, position: 1);
        _oracle.Flushed(Space, First, 1);

        _oracle.Freed(s_read.Frame);

        AssertBroken("I2", "frame 7");
    }

    [Theory]
    [InlineData(Space + 1, First, 512)]
    [InlineData(Space, First + 1, 511)]
    [InlineData(Space, 0, First)]
    public void Flush_OfSomethingElse_HelpsNothing(uint space, ulong first, ulong pages)
    {
        Change(s_read, default);
        _oracle.Flushed(space, first, pages);

        _oracle.Freed(s_read.Frame);

        AssertBroken("I2", "frame 7");
    }

    [Fact]
    public void TableFreed_WithoutAFlushSinceItWasUnlinked_BreaksI3()
    {
        _oracle.Flushed(Space, First, 512);
        _oracle.TableUnlinked(Leaf);

        _oracle.TableFreed(Leaf);

        AssertBroken("I3", "page 0x200");
    }

    [Fact]
    public void BatchReturned_OwingAFlush_BreaksI14()
    {
        using Machine machine = Machines.Small(cpus: 2);
        ModelProcess process = machine.Spawn();
        machine.Cpus[1].Run(process);
        FlushBatch batch = machine.Store.Flushes.TakeBatch(kernelThread: false);
        batch.Add(0, machine.Store.Spaces.Find((uint)process.AddressSpaceId)!.Translations, wasDirty: false);

        machine.Store.Flushes.ReturnBatch(batch);

        Assert.Contains("Invariant I14", machine.Store.Oracle!.Fault, StringComparison.Ordinal);
        _ = Assert.Throws<InvalidOperationException>(machine.Dispose);
    }

    [Fact]
    public void Replaced_ByAFrameOfAnotherContent_BreaksI30()
    {
        _oracle.ReplacedByAnother(s_read.Frame, new Pfn(8));

        AssertBroken("I30", "frame 7");
    }

    [Fact]
    public void OperationEnds_OwingAFlush_BreaksI4()
    {
        Change(s_written, s_read);

        _oracle.OperationEnds();

        AssertBroken("I4", "page 0x200");
    }

    [Fact]
    public void OperationEnds_AnotherThreadOwes_IsThatThreadsAffair()
    {
        OnAnotherThread(() => Change(s_written, s_read));

        _oracle.OperationEnds();

        Assert.Null(_oracle.Fault);
    }

    // A fork has taken the right to write away and owes its flush; the migrator takes the page, and its batch tells every CPU.
    [Fact]
    public void BatchFlushed_OfAPageForWhichAnotherThreadOwes_EndsBothDebts()
    {
        OnAnotherThread(() => Change(s_written, s_read));
        Change(s_read, default);
        _oracle.BatchFlushed(batch: null);

        _oracle.ContentTrusted(s_written.Frame);
        Change(default, s_read with { Frame = new Pfn(8) });
        _oracle.OperationEnds();

        Assert.Null(_oracle.Fault);
    }

    [Fact]
    public void BatchFlushed_PageThatAnotherThreadHasChangedSince_IsStillOwed()
    {
        Change(s_read, default);
        OnAnotherThread(() => Change(s_written, s_read));
        _oracle.BatchFlushed(batch: null);

        _oracle.ContentTrusted(s_written.Frame);

        AssertBroken("I16", "frame 7");
    }

    // The scanner has protected a page ahead, and pages others out before its batch flushes.
    [Theory]
    [InlineData(FlushSite.Batched, false, false)]
    [InlineData(FlushSite.ReplacedTogether, true, false)]
    [InlineData(FlushSite.ProtectedAhead, true, true)]
    internal void BatchFlushed_OfAPageThatNamesItsBatch_TakesThatOne(FlushSite site, bool isNamed, bool flushed)
    {
        _oracle.Changed(Leaf, 0, 1, s_written, s_read, FlushSite.ProtectedAhead);
        _oracle.OperationEnds();
        _oracle.BatchFlushed(isNamed ? site : null);
        Assert.Null(_oracle.Fault);

        _oracle.ContentTrusted(s_written.Frame);

        Assert.Equal(flushed, _oracle.Fault is null);
    }

    [Fact]
    public void OwedToo_OfAPageThatNamesItsBatch_IsFlushedByTheThread()
    {
        OnAnotherThread(() => _oracle.Changed(Leaf, 0, 1, s_written, s_read, FlushSite.ProtectedAhead));
        _oracle.OwedToo(Space, First);
        _oracle.BatchFlushed(batch: null);

        _oracle.ContentTrusted(s_written.Frame);

        Assert.Null(_oracle.Fault);
    }

    [Fact]
    public void BatchFlushed_OnlyAnotherThreadOwes_HelpsNothing()
    {
        OnAnotherThread(() => Change(s_read, default));
        _oracle.BatchFlushed(batch: null);

        _oracle.Freed(s_read.Frame);

        AssertBroken("I2", "frame 7");
    }

    [Fact]
    public void AnotherFrameShown_BeforeTheFlush_BreaksI32()
    {
        Change(s_read, default);

        Change(default, s_read with { Frame = new Pfn(8) });

        AssertBroken("I32", "frame 8");
    }

    [Fact]
    public void FrameShownElsewhere_BeforeTheFlushOfItsOldPlace_BreaksI32()
    {
        Change(s_read, default);

        Change(default, s_read, position: 1);

        AssertBroken("I32", "page 0x201");
    }

    [Fact]
    public void ContentTrusted_StoresAreStillPossible_BreaksI16()
    {
        Change(s_written, s_read);

        _oracle.ContentTrusted(s_written.Frame);

        AssertBroken("I16", "frame 7");
    }

    // A store through a clean entry looks at the page table again, and faults.
    [Fact]
    public void ContentTrusted_OnlyCleanEntriesAreLeft_IsRight()
    {
        Change(s_written with { Bits = s_written.Bits & ~TranslationBits.Dirty }, s_read);

        _oracle.ContentTrusted(s_written.Frame);

        Assert.Null(_oracle.Fault);
    }

    [Fact]
    public void ReferencesCounted_BeforeTheFlush_BreaksI31()
    {
        Change(s_read, default);

        _oracle.ReferencesCounted(Space, First);

        AssertBroken("I31", "page 0x200");
    }

    [Fact]
    public void Accessed_ByTheThreadThatOwesTheFlush_BreaksI1()
    {
        Change(s_written, s_read);

        _oracle.Accessed(Space, First);

        AssertBroken("I1", "page 0x200");
    }

    [Fact]
    public void HugeMapping_Replaced_TakesAFlushOfAllItsPages()
    {
        Translation whole = s_read with { Bits = s_read.Bits | TranslationBits.Huge };
        _oracle.Changed(Leaf, 0, 512, whole, default);
        _oracle.Flushed(Space, First, 511);

        _oracle.Freed(new Pfn(whole.Frame.Number + 510));
        Assert.Null(_oracle.Fault);
        _oracle.Freed(new Pfn(whole.Frame.Number + 511));

        AssertBroken("I2", "frame 518");
    }

    public static TheoryData<string, string, bool> Changes => new()
    {
        // The reference's table 2.8: present, dirty, writable lost; accessed for huge mappings only; what is gained needs none.
        { "Valid", "None", true },
        { "None", "Valid, Writable", false },
        { "Valid, Dirty", "Valid", true },
        { "Valid, Writable", "Valid", true },
        { "Valid", "Valid, Writable, Dirty", false },
        { "Valid, Accessed", "Valid", false },
        { "Valid, Accessed, Huge", "Valid, Huge", true },
        { "Valid, Huge", "Valid", false },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public void NeedsFlush_IsTheReferencesTable(string before, string now, bool needed) =>
        Assert.Equal(needed, Of(before).NeedsFlush(Of(now)));

    private static Translation Of(string bits) => new(new Pfn(7), Enum.Parse<TranslationBits>(bits));

    private void Change(Translation before, Translation now, int position = 0) => _oracle.Changed(Leaf, position, 1, before, now);

    private static void OnAnotherThread(Action work)
    {
        Thread other = new(new ThreadStart(work));
        other.Start();
        other.Join();
    }

    private void Flush() => _oracle.Flushed(Space, First, 512);

    private void AssertBroken(string invariant, string what)
    {
        string message = Assert.Throws<InvalidOperationException>(_oracle.ThrowIfBroken).Message;
        Assert.StartsWith($"Invariant {invariant}:", message, StringComparison.Ordinal);
        Assert.Contains(what, message, StringComparison.Ordinal);
    }
}
