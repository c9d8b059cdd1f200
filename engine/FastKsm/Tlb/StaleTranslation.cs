
namespace FastKsm.Tlb;

/// <summary>
/// A translation of one page that CPUs may hold although its page-table entry says something else by now.
/// </summary>
/// <param name="Frame">The frame that it leads to.</param>
/// <param name="StoresSilently">Whether a CPU may store through it without looking at the page table.</param>
/// <param name="Thread">
/// Managed id of the thread that changed the entry and owes the flush; 0 when no flush came.
/// </param>
internal readonly record struct StaleTranslation(Pfn Frame, bool StoresSilently, int Thread);
