
namespace FastKsm.Tests.Model;

/// <summary>A page as the naive merger knows it.</summary>
internal sealed class NaivePage
{
    /// <summary>Process it belongs to.</summary>
    internal required int Owner { get; init; }

    /// <summary>What it reads as, 0 for all zeroes, and the node whose pages it can merge with.</summary>
    internal required (ulong Value, int Node) Content { get; init; }

    /// <summary>Frame that it maps; none once it maps the zero frame.</summary>
    internal required Pfn Frame { get; set; }

    /// <summary>First frame of the huge page that its frame is part of; none if it is of none.</summary>
    internal Pfn HugePage { get; init; }

    /// <summary>Whether it has lost its frame when a huge page was taken apart, which counts as no zero page of the merger's.</summary>
    internal bool IsLost { get; set; }

    /// <summary>Whether the merger keeps a record of it.</summary>
    internal bool HasItem { get; set; }

    /// <summary>Whether its content has been seen, which is what the second look compares with.</summary>
    internal bool WasSeen { get; set; }

    /// <summary>Merged frame that its record is filed under.</summary>
    internal Pfn FiledUnder { get; set; }

    /// <summary>Times that smart scan was asked.</summary>
    internal int Age { get; set; }

    /// <summary>Times that it says no from now on.</summary>
    internal int SkipsLeft { get; set; }
}
