using System;
using System.Globalization;
using FastKsm.Cli.Output.Html;
using Xunit;

namespace FastKsm.Tests.Cli.Output.Html;

public sealed class HtmlPaletteTests
{
    [Theory]
    [InlineData("#000000", "#ffffff", 21.0)]
    [InlineData("#ffffff", "#ffffff", 1.0)]
    [InlineData("#777777", "#ffffff", 4.48)]
    public void Contrast_KnownPairs_IsAsPublished(string front, string back, double expected) =>
        Assert.Equal(expected, Contrast(front, back), 2);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Pairs_OfEachSurroundings_HaveTheContrastOfLevelAA(bool isDark)
    {
        Assert.NotEmpty(HtmlPalette.Pairs);
        foreach ((string front, string back, double least) in HtmlPalette.Pairs)
        {
            double contrast = Contrast(HtmlPalette.Colour(front, isDark), HtmlPalette.Colour(back, isDark));
            Assert.True(contrast >= least, $"{front} on {back}{(isDark ? ", dark" : string.Empty)}: {contrast:F2}, not {least}");
        }
    }

    // WCAG 2.2: relative luminance, and the ratio of two.
    private static double Contrast(string front, string back)
    {
        double first = Luminance(front);
        double second = Luminance(back);
        return (Math.Max(first, second) + 0.05) / (Math.Min(first, second) + 0.05);
    }

    private static double Luminance(string colour) =>
        (0.2126 * Channel(colour, 1)) + (0.7152 * Channel(colour, 3)) + (0.0722 * Channel(colour, 5));

    private static double Channel(string colour, int at)
    {
        double value = int.Parse(colour.AsSpan(at, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) / 255.0;
        return value <= 0.04045 ? value / 12.92 : Math.Pow((value + 0.055) / 1.055, 2.4);
    }
}
