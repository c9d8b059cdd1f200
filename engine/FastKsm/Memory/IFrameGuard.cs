
namespace FastKsm.Memory;

/// <summary>
/// Is told of every frame that is about to become free. For checks: nothing can be done about it any more.
/// </summary>
internal interface IFrameGuard
{
    /// <summary>A frame has lost its last reference and is about to return to the allocator.</summary>
    /// <param name="frame">The frame.</param>
    void Freed(Pfn frame);
}
