using System;
using System.Diagnostics;
using FastKsm.Primitives;

namespace FastKsm.Memory;

/// <summary>512 frames that are one huge page: what their records say together.</summary>
/// <remarks>
/// References and pins stand in the first record. The other records have no references of their own: the second one's
/// count is that of the mappings of the whole, the third one's the sum of the map counts of all records.
/// Thread safety: the counts change atomically, each for itself.
/// </remarks>
internal readonly ref struct HugeFrame
{
    private const int Whole = 1;
    private const int Single = 2;

    private readonly Span<FrameRecord> _records;

    internal HugeFrame(Span<FrameRecord> records)
    {
        Debug.Assert(records.Length == Sizes.HugePages, "A huge page has all of its frames.");
        _records = records;
    }

    /// <summary>Record of one of the frames.</summary>
    internal ref FrameRecord this[int frame] => ref _records[frame];

    /// <summary>The record that has the references and the pins, and tells whether the whole is exclusive while mapped as one.</summary>
    internal ref FrameRecord Head => ref _records[0];

    /// <summary>Huge mappings.</summary>
    internal int WholeMappings => _records[Whole].References;

    /// <summary>PTEs that map one of the frames.</summary>
    internal int SingleMappings => _records[Single].References;

    /// <summary>References that are not mappings: borrowers and pins.</summary>
    internal int OtherReferences => Head.References - WholeMappings - SingleMappings;

    /// <summary>One huge mapping more; its reference is counted apart.</summary>
    internal void AddWholeMapping() => _records[Whole].AddReference();

    /// <summary>One huge mapping less.</summary>
    internal void DropWholeMapping()
    {
        int left = _records[Whole].DropReference();
        Debug.Assert(left >= 0, "A huge page was unmapped more often than mapped.");
    }

    /// <summary>One PTE more; the map count of its frame is counted apart.</summary>
    internal void AddSingleMapping() => _records[Single].AddReference();

    /// <summary>One PTE less.</summary>
    internal void DropSingleMapping()
    {
        int left = _records[Single].DropReference();
        Debug.Assert(left >= 0, "A frame of a huge page was unmapped more often than mapped.");
    }

    /// <summary>The one huge mapping of somebody becomes 512 PTEs: their map counts and references.</summary>
    /// <param name="exclusive">Whether the pages are his alone.</param>
    internal void MapSingly(bool exclusive)
    {
        foreach (ref FrameRecord record in _records)
        {
            record.AddMapping();
            if (exclusive)
            {
                record.Set(FrameFlags.Exclusive);
            }
        }

        _records[Single].AddReferences(Sizes.HugePages);
        Head.AddReferences(Sizes.HugePages - 1);
        DropWholeMapping();
    }

    /// <summary>Makes 512 frames of one: each gets its own references. Nobody has one but PTEs, and the caller to one frame.</summary>
    /// <param name="held">The frame to which the caller has a reference.</param>
    /// <param name="each">References to every frame that he has from then on.</param>
    internal void Dissolve(int held, int each)
    {
        Debug.Assert(WholeMappings == 0 && OtherReferences == 1 && Head.Pins == 0, "Somebody else could reach the frames.");
        for (int i = 0; i < _records.Length; i++)
        {
            _records[i].BecomeSingle(_records[i].MapCount + each + (i == held ? 1 : 0));
        }
    }
}
