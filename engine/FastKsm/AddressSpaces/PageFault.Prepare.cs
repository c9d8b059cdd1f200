using System.Runtime.CompilerServices;
using FastKsm.Memory;
using FastKsm.Primitives;

namespace FastKsm.AddressSpaces;

/// <content>What is taken, copied and given back outside of latches.</content>
internal ref partial struct PageFault
{
    private MemoryStatus Prepare(Preparation needs, ref Vma vma)
    {
        // What was prepared for an entry that is another one by now.
        GiveUpFrame();
        MemoryStatus status;
        _ownsFrame = true;
        switch (needs)
        {
            case Preparation.Zeroed:
                status = _frames.TakeZeroed(_cpu, vma.Node, out _frame);
                break;
            case Preparation.Copy:
                if (_frames[_for.Frame].Has(FrameFlags.Anonymous))
                {
                    _space.Store.OracleSeesTrust(_for.Frame);
                }

                status = _frames.TakeCopy(_cpu, vma.Node, _for.Frame, out _frame);
                break;
            case Preparation.SwapIn:
                status = _frames.TakeWith(_cpu, vma.Node, _space.Store.Swap.Content(_for.Entry.Offset), out _frame);
                break;
            case Preparation.Huge:
                _hugeRefused = HugeMapping.TryTake(_space, _cpu, vma, _page, out _frame) != MemoryStatus.Done;
                _has = _hugeRefused ? Preparation.None : Preparation.Huge;
                return MemoryStatus.Done;
            default:
                status = PrepareBacking(ref vma);
                break;
        }

        _has = status == MemoryStatus.Done ? needs : Preparation.None;
        return status;
    }

    private MemoryStatus PrepareBacking(ref Vma vma)
    {
        MemoryStatus status = _space.Store.ObjectAt(vma.Object).FindOrAdd(_cpu, vma.Node, vma.IndexOf(_page), out Pfn backing);
        if (status != MemoryStatus.Done || _kind == FaultKind.Read || vma.Has(VmaFlags.Shared))
        {
            _frame = backing;
            _ownsFrame = false;
            return status;
        }

        return _frames.TakeCopy(_cpu, vma.Node, backing, out _frame);
    }

    private void GiveUp()
    {
        GiveUpFrame();
        DropReferences();
    }

    private void GiveUpFrame()
    {
        if (_has != Preparation.None && _ownsFrame)
        {
            _frames.Release(_cpu, _frame);
        }

        _has = Preparation.None;
    }

    // What an entry named, and was kept while it was copied.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void DropReferences()
    {
        if (_for.IsEmpty)
        {
            return;
        }

        if (_for.IsSwap)
        {
            _space.Store.Swap.Release(_for.Entry.Offset);
        }
        else if (_for.IsCounted)
        {
            _frames.Release(_cpu, _for.Frame);
        }

        _for = default;
    }
}
