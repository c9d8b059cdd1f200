using System;
using System.Collections.Generic;
using System.IO;
using FastKsm.Cli.Output.Text;

namespace FastKsm.Cli.Output.Html;

/// <summary>
/// Writes HTML that is well-formed XML as well. Whatever text it is given is text in the page, never markup.
/// </summary>
/// <remarks>
/// Texts and values of attributes come from outside (names of processes, files, cgroups): they are made harmless, so
/// that no control character reaches the page, and then escaped. Names of elements and attributes are this program's
/// own, and are checked in debug builds only. Thread safety: one thread at a time.
/// </remarks>
internal sealed class HtmlWriter
{
    private readonly TextWriter _output;
    private readonly Stack<string> _open = [];

    /// <param name="output">Receives the page.</param>
    internal HtmlWriter(TextWriter output) => _output = output;

    /// <summary>Number of elements that are open.</summary>
    internal int Depth => _open.Count;

    /// <summary>Begins the document.</summary>
    internal void Doctype() => _output.Write("<!DOCTYPE html>\n");

    /// <summary>Opens an element.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="attributes">Its attributes.</param>
    internal HtmlWriter Open(string name, params ReadOnlySpan<(string Name, string Value)> attributes)
    {
        Begin(name, attributes);
        _output.Write('>');
        _open.Push(name);
        return this;
    }

    /// <summary>Closes the element that was opened last.</summary>
    internal HtmlWriter Close()
    {
        string name = _open.Pop();
        _output.Write("</");
        _output.Write(name);
        _output.Write('>');
        if (name is "p" or "tr" or "li" or "section" or "table" or "svg" or "div" or "h1" or "h2" or "thead")
        {
            _output.Write('\n');
        }

        return this;
    }

    /// <summary>An element without content.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="attributes">Its attributes.</param>
    internal HtmlWriter Empty(string name, params ReadOnlySpan<(string Name, string Value)> attributes)
    {
        Begin(name, attributes);
        _output.Write(" />");
        return this;
    }

    /// <summary>An element with a text.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="text">The text; need not be harmless.</param>
    /// <param name="attributes">Its attributes.</param>
    internal HtmlWriter Element(string name, string text, params ReadOnlySpan<(string Name, string Value)> attributes) =>
        Open(name, attributes).Text(text).Close();

    /// <summary>A text.</summary>
    /// <param name="text">The text; need not be harmless.</param>
    internal HtmlWriter Text(string text)
    {
        Escape(HarmlessText.Of(text));
        return this;
    }

    /// <summary>Lines that are made to be copied, one below the other.</summary>
    /// <param name="lines">The lines; need not be harmless.</param>
    internal HtmlWriter Lines(IEnumerable<string> lines)
    {
        _ = Open("pre");
        foreach (string line in lines)
        {
            _ = Text(line);
            _output.Write('\n');
        }

        return Close();
    }

    /// <summary>The content of a style element, which is this program's own.</summary>
    /// <param name="css">Without <c>&lt;</c> and <c>&amp;</c>, which HTML and XML take differently there.</param>
    internal HtmlWriter Style(string css)
    {
        if (css.AsSpan().IndexOfAny('<', '&') >= 0)
        {
            throw new ArgumentException("HTML and XML take < and & in a style differently.", nameof(css));
        }

        _output.Write("<style>\n");
        _output.Write(css);
        _output.Write("</style>\n");
        return this;
    }

    private void Begin(string name, ReadOnlySpan<(string Name, string Value)> attributes)
    {
        _output.Write('<');
        _output.Write(name);
        foreach ((string attribute, string value) in attributes)
        {
            _output.Write(' ');
            _output.Write(attribute);
            _output.Write("=\"");
            Escape(HarmlessText.Of(value));
            _output.Write('"');
        }
    }

    private void Escape(string text)
    {
        ReadOnlySpan<char> rest = text;
        for (int at = rest.IndexOfAny("<>&\"'"); at >= 0; at = rest.IndexOfAny("<>&\"'"))
        {
            _output.Write(rest[..at]);
            _output.Write(rest[at] switch
            {
                '<' => "&lt;",
                '>' => "&gt;",
                '&' => "&amp;",
                '"' => "&quot;",
                _ => "&#39;",
            });
            rest = rest[(at + 1)..];
        }

        _output.Write(rest);
    }
}
