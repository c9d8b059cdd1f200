
namespace FastKsm.Tlb;

/// <summary>
/// A translation of one page that CPUs may hold although its page-table entry says something else by now.
/// </summary>
/// <param name="Frame">The frame that it leads to.</param>
/// <param name="StoresSilently">Whether a CPU may store through it without looking at the page table.</param>
/// <param name="Thread">
/// Managed id of the thread that changed the entry and owes the flush; 0 when no flush came.
/// </param>
/// <param name="Batch">
/// The batch that makes the flush, if the thread has said so. Until then the translation leads to a frame with the page's own
/// bytes: it may be used, but the frame must not become free, nor may anything rely on it.
/// </param>
internal readonly record struct StaleTranslation(Pfn Frame, bool StoresSilently, int Thread, FlushSite? Batch = null);
