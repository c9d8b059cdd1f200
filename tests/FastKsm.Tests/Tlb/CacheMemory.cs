using System;
using System.Runtime.InteropServices;
using FastKsm.Tlb;

namespace FastKsm.Tests.Tlb;

/// <summary>A translation cache with memory of its own.</summary>
internal sealed unsafe class CacheMemory : IDisposable
{
    private readonly void* _memory;

    internal CacheMemory(TlbGeometry geometry, uint seed = 0)
    {
        nuint bytes = TranslationCache.BytesOf(in geometry);
        _memory = NativeMemory.AlignedAlloc(bytes, 128);
        NativeMemory.Clear(_memory, bytes);
        Cache = TranslationCache.Place((byte*)_memory, in geometry, seed);
    }

    internal TranslationCache Cache { get; }

    public void Dispose() => NativeMemory.AlignedFree(_memory);
}
