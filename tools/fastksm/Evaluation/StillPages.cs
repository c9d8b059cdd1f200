using System;
using System.Collections.Generic;

namespace FastKsm.Cli.Evaluation;

/// <summary>Tells pages that stand still from those that change or may be written: see <see cref="ForecastRange"/>.</summary>
/// <remarks>Thread safety: one thread at a time.</remarks>
internal sealed class StillPages
{
    private readonly EvaluationContext _context;
    private readonly HashSet<ulong> _frames = [];
    private readonly HashSet<ulong> _sharedFrames = [];
    private ForecastMode _mode;

    internal StillPages(EvaluationContext context) => _context = context;

    /// <summary>Starts on the pages of one content.</summary>
    internal void Begin(ReadOnlySpan<PageRecord> equal, ForecastMode mode)
    {
        _mode = mode;
        if (mode != ForecastMode.SurelyStill)
        {
            return;
        }

        _frames.Clear();
        _sharedFrames.Clear();
        foreach (ref readonly PageRecord page in equal)
        {
            if (!_frames.Add(page.Frame))
            {
                _ = _sharedFrames.Add(page.Frame);
            }
        }
    }

    /// <summary>Whether a page does not stand still.</summary>
    internal bool Moves(in PageRecord page) => _mode switch
    {
        ForecastMode.AllStill => false,
        ForecastMode.SurelyStill => page.HasChanged || MayBeWritten(in page),
        _ => page.HasChanged,
    };

    // A frame that others map as well has not been written since they began to share it.
    private bool MayBeWritten(in PageRecord page)
    {
        VmaInProcess vma = _context.Vma(page.Vma);
        return vma.Process.Ran && vma.Vma.IsWritable && !_sharedFrames.Contains(page.Frame);
    }
}
