using System;
using System.IO;
using System.Xml.Linq;
using FastKsm.Cli.Output.Html;
using Xunit;

namespace FastKsm.Tests.Cli.Output.Html;

public sealed class HtmlWriterTests
{
    [Theory]
    [InlineData("<script>alert(1)</script>")]
    [InlineData("</title></style><img src=x onerror='x'>")]
    [InlineData("\" onload=\"x")]
    [InlineData("&amp;&#0;&nbsp;")]
    [InlineData("]]><!-- -->")]
    public void Text_Anything_IsTextAgainWhenParsed(string text)
    {
        using StringWriter output = new();

        _ = new HtmlWriter(output).Element("p", text, ("title", text));

        XElement parsed = XElement.Parse(output.ToString());
        Assert.Equal(text, parsed.Value);
        Assert.Equal(text, parsed.Attribute("title")!.Value);
        Assert.Empty(parsed.Elements());
    }

    [Fact]
    public void Text_ControlsAndBrokenText_AreHarmless()
    {
        using StringWriter output = new();

        _ = new HtmlWriter(output).Element("p", "a\0b\u001bc\ud800d\u202ee\n");

        Assert.Equal("a\\x00b\\x1bc\\ud800d\\u202ee\\n", XElement.Parse(output.ToString()).Value);
    }

    [Fact]
    public void Style_WithMarkup_IsRefused()
    {
        using StringWriter output = new();
        HtmlWriter html = new(output);

        Assert.Throws<ArgumentException>(() => html.Style("a { } </style>"));
        Assert.Empty(output.ToString());
    }
}
