using System.Runtime.InteropServices;

namespace FastKsm.Stress;

/// <summary>What a page's block and emptyings were like before an access.</summary>
/// <param name="Change">The block's change number.</param>
/// <param name="Place">Its place.</param>
/// <param name="Protection">What it permitted.</param>
/// <param name="Lazy">Whether the page might go at any time.</param>
/// <param name="HardDone">Number of the last emptying that was over.</param>
/// <param name="ZeroDone">The same, offers included.</param>
/// <param name="IsQuiet">Whether none was under way.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Moment(
    int Change, int Place, Protection Protection, int Lazy, int HardDone, int ZeroDone, bool IsQuiet);
