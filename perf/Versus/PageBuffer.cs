using System;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace FastKsm.Perf.Versus;

/// <summary>Page-aligned native memory that rows read. Thread safety: the memory is the caller's to share.</summary>
internal sealed unsafe class PageBuffer : IDisposable
{
    /// <summary>Size of the pages that rows work on, in bytes.</summary>
    internal const int PageBytes = 4096;

    private byte* _memory;

    /// <param name="pages">Number of pages; at least one. They are zero, and backed by frames already.</param>
    internal PageBuffer(int pages)
    {
        PageCount = pages;
        _memory = (byte*)NativeMemory.AlignedAlloc((nuint)pages * PageBytes, PageBytes);
        NativeMemory.Clear(_memory, (nuint)pages * PageBytes);
    }

    internal byte* Memory => _memory;

    internal int PageCount { get; }

    internal nuint ByteLength => (nuint)PageCount * PageBytes;

    /// <summary>One page, for writing its content.</summary>
    internal Span<byte> Page(int index)
    {
        Debug.Assert((uint)index < (uint)PageCount, "The page is one of the buffer's.");
        return new Span<byte>(_memory + ((nuint)index * PageBytes), PageBytes);
    }

    /// <summary>Fills every page with random bytes that depend on nothing but the number of pages.</summary>
    internal void FillRandom()
    {
        Random random = new(PageCount);
        for (int page = 0; page < PageCount; page++)
        {
            random.NextBytes(Page(page));
        }
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(_memory);
        _memory = null;
    }
}
