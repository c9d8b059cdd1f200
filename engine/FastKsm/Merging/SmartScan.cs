namespace FastKsm.Merging;

/// <summary>The rule by which pages that stay unmerged are visited less and less often.</summary>
internal static class SmartScan
{
    /// <summary>Age from which an item may be skipped.</summary>
    internal const byte FirstSkippingAge = 3;

    /// <summary>Whether <see cref="ShouldSkip"/> would say so; changes nothing.</summary>
    internal static bool WillSkip(in RmapItem item) => item is { Age: >= FirstSkippingAge, RemainingSkips: not 0 };

    /// <summary>Whether a page that is not merged is left out this time; ages its item either way.</summary>
    internal static bool ShouldSkip(ref RmapItem item)
    {
        byte age = item.Age;
        item.Age = age == byte.MaxValue ? age : (byte)(age + 1);
        if (age < FirstSkippingAge)
        {
            return false;
        }

        if (item.RemainingSkips == 0)
        {
            item.RemainingSkips = SkipsAt(age);
            return false;
        }

        item.RemainingSkips--;
        return true;
    }

    private static byte SkipsAt(byte age) => age switch
    {
        <= 3 => 1,
        <= 5 => 2,
        <= 8 => 4,
        _ => 8,
    };
}
