namespace FastKsm.Scripting.Syntax;

/// <summary>A frame: the one behind a page of a process, or one remembered earlier (<c>@NAME</c>).</summary>
/// <param name="Holder">The process, or the name under which the frame is remembered.</param>
/// <param name="Page">The page; null for a remembered frame.</param>
public sealed record FramePlace(Name Holder, PagePlace? Page);
