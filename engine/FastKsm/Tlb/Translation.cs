
namespace FastKsm.Tlb;

/// <summary>What a CPU may cache of one page-table entry.</summary>
/// <param name="Frame">The frame; of a huge mapping, that of its first page.</param>
/// <param name="Bits">
/// What it permits and how it has been used; without <see cref="TranslationBits.Valid"/> there is none.
/// </param>
internal readonly record struct Translation(Pfn Frame, TranslationBits Bits)
{
    /// <summary>Whether it can be cached: entries that are not present, or permit nothing, never are.</summary>
    internal bool IsValid => Has(TranslationBits.Valid);

    /// <summary>Whether a CPU may store through it without looking at the page table again.</summary>
    internal bool StoresSilently => Has(TranslationBits.Writable | TranslationBits.Dirty);

    /// <summary>Whether what is cached of this entry must be flushed when the entry becomes another one.</summary>
    /// <remarks>
    /// The reference's table for x86 (2.8), but for rights that are gained: a cached weaker entry costs a fault. The accessed
    /// bit counts for huge mappings only.
    /// </remarks>
    internal bool NeedsFlush(Translation next)
    {
        const TranslationBits Rights = TranslationBits.Valid | TranslationBits.Writable | TranslationBits.Dirty;
        TranslationBits watched = Has(TranslationBits.Huge) ? Rights | TranslationBits.Accessed : Rights;
        return IsValid && (Frame != next.Frame || (Bits & ~next.Bits & watched) != TranslationBits.None);
    }

    /// <summary>Whether all of these bits are set.</summary>
    internal bool Has(TranslationBits bits) => (Bits & bits) == bits;

    /// <summary>What a huge mapping says about one of its pages.</summary>
    internal Translation At(int position) =>
        Has(TranslationBits.Huge) && !Has(TranslationBits.Zero) ? new(new Pfn(Frame.Number + (uint)position), Bits) : this;
}
