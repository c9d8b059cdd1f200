using FastKsm.Swapping;

namespace FastKsm.Tests.Swapping;

/// <summary>A folio in the swap cache, as the model knows it.</summary>
internal readonly record struct ModelFolio(Pfn Head, int Order, SwapEntry First)
{
    internal int Slots => 1 << Order;
}
