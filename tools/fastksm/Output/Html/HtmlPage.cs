using System;
using System.IO;

namespace FastKsm.Cli.Output.Html;

/// <summary>The frame of a page: head, style and foot.</summary>
internal static class HtmlPage
{
    // Sizes are those that the reader has set (rem), and nothing is wider than the window: what must be, scrolls in its
    // own place.
    private const string Css = """
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--page); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
        main, footer { max-width: 68rem; margin: 0 auto; padding: 0 1rem; }
        h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .5rem; }
        h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
        p { margin: .4rem 0; max-width: 48rem; overflow-wrap: anywhere; }
        .verdict { background: var(--panel); border-left: .4rem solid var(--line); padding: 1rem 1.2rem; margin: 1.2rem 0; }
        .verdict.worth_it { border-color: var(--good); } .verdict.worth_it h1 { color: var(--good); }
        .verdict.not_worth_it { border-color: var(--warn); } .verdict.not_worth_it h1 { color: var(--warn); }
        .verdict.switch_off { border-color: var(--bad); } .verdict.switch_off h1 { color: var(--bad); }
        .figures { display: flex; flex-wrap: wrap; gap: .4rem 2rem; margin: .6rem 0; }
        .figures div { min-width: 7rem; }
        .figures b { display: block; font-size: 1.35rem; line-height: 1.2; }
        .muted, .figures span, figcaption, footer { color: var(--muted); }
        .warning { color: var(--warn); border-left: .2rem solid var(--warn); padding-left: .6rem; }
        pre { background: var(--panel); padding: .7rem .9rem; margin: .5rem 0; overflow-x: auto; font-size: .9rem; }
        .verdict pre { background: var(--page); }
        .scroll { overflow-x: auto; }
        table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: .94rem; }
        th, td { text-align: right; padding: .28rem .5rem; border-bottom: 1px solid var(--panel); white-space: nowrap; vertical-align: middle; }
        th { border-bottom-color: var(--line); font-weight: 600; white-space: normal; vertical-align: bottom; }
        .name { text-align: left; white-space: normal; overflow-wrap: anywhere; min-width: 9rem; max-width: 26rem; }
        .remark { text-align: left; white-space: normal; color: var(--muted); }
        .bar { width: 9rem; } .bar svg { width: 100%; height: .7rem; display: block; }
        figure { margin: .6rem 0; } figcaption { font-size: .9rem; }
        svg.plot { width: 100%; height: auto; display: block; max-width: 48rem; }
        svg text { font: 12px system-ui, sans-serif; fill: var(--muted); }
        svg .strong { fill: var(--text); }
        .axis { stroke: var(--line); stroke-width: 1; fill: none; }
        .merged { fill: var(--merged); } .zero { fill: var(--zero); } .unique { fill: var(--unique); } .volatile { fill: var(--volatile); }
        .track { fill: var(--panel); }
        .curve { stroke: var(--merged); stroke-width: 2.5; fill: none; } .curve.second { stroke: var(--unique); stroke-dasharray: 6 4; }
        .stack { display: block; width: 100%; height: 1.6rem; }
        .legend { list-style: none; padding: 0; margin: .5rem 0; display: flex; flex-wrap: wrap; gap: .2rem 1.4rem; }
        .legend svg { width: .8rem; height: .8rem; vertical-align: -.05rem; margin-right: .4rem; }
        details summary { cursor: pointer; padding: .5rem 0; }
        footer { border-top: 1px solid var(--line); margin-top: 2.5rem; padding-top: .8rem; padding-bottom: 2rem; font-size: .9rem; }
        @media (max-width: 40rem) {
          h1 { font-size: 1.3rem; }
          .wide { display: none; }
          .bar { width: 4rem; }
          th, td { padding: .28rem .35rem; }
          .name { min-width: 7rem; }
        }
        @media print { details > * { display: block; } }

        """;

    /// <summary>Writes a page.</summary>
    /// <param name="output">Receives it.</param>
    /// <param name="title">Its title.</param>
    /// <param name="foot">What stands at its end.</param>
    /// <param name="body">Writes its sections.</param>
    internal static void Write(TextWriter output, string title, string foot, Action<HtmlWriter> body)
    {
        HtmlWriter html = new(output);
        html.Doctype();
        _ = html.Open("html", ("lang", "en")).Open("head")
            .Empty("meta", ("charset", "utf-8"))
            .Empty("meta", ("name", "viewport"), ("content", "width=device-width, initial-scale=1"))
            .Empty("meta", ("http-equiv", "Content-Security-Policy"), ("content", "default-src 'none'; style-src 'unsafe-inline'"))
            .Element("title", title)
            .Style(HtmlPalette.Rules() + Css)
            .Close().Open("body").Open("main");
        body(html);
        _ = html.Close().Element("footer", foot).Close().Close();
        output.Write('\n');
    }
}
