namespace FastKsm.Tlb;

/// <summary>A translation that a CPU holds, for checks.</summary>
/// <param name="Slot">The slot whose tag it bears.</param>
/// <param name="Page">The page; of a huge mapping the first.</param>
/// <param name="Translation">What was cached of the entry.</param>
internal readonly record struct HeldTranslation(int Slot, ulong Page, Translation Translation);
