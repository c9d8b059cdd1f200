using System;
using FastKsm.Memory;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Merging;

/// <summary>A region of a process, or the same region of its child.</summary>
internal sealed record Area(ModelProcess Process, ulong Address, int Pages)
{
    internal ulong Bytes => (ulong)Pages * KsmRig.PageSize;

    internal Pfn Frame(int page) => Process.FrameAt(At(page));

    internal int MapCount(int page) => Process.MapCountAt(At(page));

    internal bool IsZero(int page) => Process.IsZeroFrameAt(At(page));

    internal ulong At(int page) => Address + ((ulong)page * KsmRig.PageSize);

    /// <summary>The pages from one to before another.</summary>
    internal Area this[Range range]
    {
        get
        {
            (int offset, int length) = range.GetOffsetAndLength(Pages);
            return new Area(Process, At(offset), length);
        }
    }

    /// <summary>The same addresses in another process.</summary>
    internal Area In(ModelProcess other) => this with { Process = other };

    internal Area Write(int page, ulong content)
    {
        Process.On().WritePage(At(page), content);
        return this;
    }

    internal Area Fill(ulong content)
    {
        for (int i = 0; i < Pages; i++)
        {
            _ = Write(i, content);
        }

        return this;
    }

    internal Area FillUnique(ulong from)
    {
        for (int i = 0; i < Pages; i++)
        {
            _ = Write(i, from + (ulong)i);
        }

        return this;
    }

    /// <summary>Reads a page, and wants it to have a content.</summary>
    internal void AssertHolds(int page, ulong content)
    {
        byte[] expected = new byte[KsmRig.PageSize];
        byte[] seen = new byte[KsmRig.PageSize];
        PageContent.Fill(expected, content);
        Process.On().Read(At(page), seen);
        Assert.Equal(expected, seen);
    }

    internal Area Read()
    {
        byte[] content = new byte[KsmRig.PageSize];
        for (int i = 0; i < Pages; i++)
        {
            Process.On().Read(At(i), content);
        }

        return this;
    }

    internal Area Advise(Advice advice)
    {
        Process.Advise(Address, Bytes, advice);
        return this;
    }

    internal Area Protect(Protection protection)
    {
        Process.Protect(Address, Bytes, protection);
        return this;
    }

    internal Area Lock()
    {
        Process.Lock(Address, Bytes);
        return this;
    }

    internal Area Unmap()
    {
        Process.Unmap(Address, Bytes);
        return this;
    }

    /// <summary>Every page has a frame of its own.</summary>
    internal void AssertNoDuplicates()
    {
        for (int i = 0; i < Pages; i++)
        {
            Assert.True(IsZero(i) || !Frame(i).IsSome || MapCount(i) == 1, $"Page {i} shares its frame.");
        }
    }
}
