using System.Collections.Generic;

namespace FastKsm.Tests.TestKit;

/// <summary>A VMA of a recorded process.</summary>
/// <param name="Start">First address; small, since it is an offset into a file.</param>
/// <param name="Pages">Its pages; null for one that is not there.</param>
/// <param name="Flags">The codes of its VmFlags.</param>
/// <param name="Name">The file behind it, or nothing.</param>
internal sealed record RecordedVma(
    ulong Start, IReadOnlyList<RecordedPage?> Pages, string Flags = "rd wr mr mw me ac mg", string Name = "");
