using System.Diagnostics;

namespace FastKsm.Merging;

/// <content>Chains: several merged frames of one content.</content>
internal sealed partial class StableTree
{
    // A live representative of a position, maintaining the position on the way. 0: all that was there was stale and has
    // gone, so the tree is another. A chain with one dup left gives its place to it, and position follows.
    private uint Select(ref uint position, bool mayPrune)
    {
        if (!_nodes[position].IsChain)
        {
            if (IsAlive(position))
            {
                return position;
            }

            Discard(position);
            return 0;
        }

        uint chain = position;
        bool prune = mayPrune && IsDue(chain);
        uint best = 0;
        uint firstFit = 0;
        for (uint dup = _nodes[chain].First; dup != 0;)
        {
            uint next = _nodes[dup].Next;
            if (!IsAlive(dup))
            {
                Discard(dup);
            }
            else
            {
                best = best == 0 || IsBetter(dup, best) ? dup : best;
                firstFit = firstFit == 0 && IsCandidate(_nodes[dup].Length) ? dup : firstFit;
                if (!prune && firstFit != 0)
                {
                    break; // First fit; what stands behind is not looked at.
                }
            }

            dup = next;
        }

        Settle(chain);
        if (best == 0)
        {
            DeleteChain(chain);
            return 0;
        }

        if (_nodes[_nodes[chain].First].Next == 0)
        {
            Debug.Assert(_nodes[chain].First == best, "The only dup is the best one.");
            Collapse(chain, best);
            position = best;
        }
        else if (_nodes[chain].First != best && IsCandidate(_nodes[best].Length + 1))
        {
            UnlinkDup(best);
            LinkDup(chain, best);
        }
        else if (firstFit != 0 && _nodes[chain].First != firstFit && IsCandidate(_nodes[firstFit].Length + 1))
        {
            // The best fit stays where it is, having room for one more only; the next walk will move the first fit.
            Unsettle(chain);
        }

        return best;
    }

    private bool IsBetter(uint dup, uint best) =>
        IsCandidate(_nodes[dup].Length)
        && (!IsCandidate(_nodes[best].Length) || _nodes[dup].Length > _nodes[best].Length);

    private bool IsDue(uint chain)
    {
        long now = Now;
        if (now - _nodes[chain].PruneTime < _knobs.ChainsPruneMilliseconds)
        {
            return false;
        }

        LeavePruneOrder(chain);
        EnterPruneOrder(chain, now);
        _counters.Statistics.ChainsPruned++;
        return true;
    }

    // The chain takes over place and colour; the node becomes its first dup.
    private uint MakeChain(uint node)
    {
        uint chain = _nodes.TakePromised();
        ref StableNode record = ref _nodes[chain];
        record.Prefix = _nodes[node].Prefix;
        record.Tree = _nodes[node].Tree;
        record.Length = StableNode.ChainLength;
        EnterPruneOrder(chain, Now);
        _trees[record.Tree].Replace(node, chain);
        _table?.Replace(node, chain);
        _counters.Chains++;
        _counters.Statistics.ChainsMade++;
        AddDup(chain, node);
        return chain;
    }

    private void AddDup(uint chain, uint node)
    {
        LinkDup(chain, node);
        _counters.Dups++;
        Unsettle(chain);
    }

    private void Collapse(uint chain, uint dup)
    {
        UnlinkDup(dup);
        _counters.Dups--;
        _counters.Statistics.ChainsCollapsed++;
        _trees[_nodes[chain].Tree].Replace(chain, dup);
        _table?.Replace(chain, dup);
        FreeChain(chain);
    }

    private void DeleteChain(uint chain)
    {
        Debug.Assert(_nodes[chain].First == 0, "Only empty chains are deleted.");
        Settle(chain);
        _trees[_nodes[chain].Tree].Remove(chain);
        _table?.Remove(chain);
        FreeChain(chain);
    }

    private void FreeChain(uint chain)
    {
        _counters.Chains--;
        LeavePruneOrder(chain);
        FreeNode(chain);
    }

    // Chains are listed in the order of their last prunes, which is that of the times: the clock never goes back.
    private void EnterPruneOrder(uint chain, long now)
    {
        ref StableNode record = ref _nodes[chain];
        record.PruneTime = now;
        (record.PrunedBefore, record.PrunedAfter) = (_latestPruned, 0);
        if (_latestPruned == 0)
        {
            _earliestPruned = chain;
        }
        else
        {
            _nodes[_latestPruned].PrunedAfter = chain;
        }

        _latestPruned = chain;
    }

    private void LeavePruneOrder(uint chain)
    {
        (uint before, uint after) = (_nodes[chain].PrunedBefore, _nodes[chain].PrunedAfter);
        if (before == 0)
        {
            _earliestPruned = after;
        }
        else
        {
            _nodes[before].PrunedAfter = after;
        }

        if (after == 0)
        {
            _latestPruned = before;
        }
        else
        {
            _nodes[after].PrunedBefore = before;
        }
    }

    private void LinkDup(uint chain, uint dup)
    {
        uint first = _nodes[chain].First;
        ref StableNode record = ref _nodes[dup];
        (record.Chain, record.Next, record.Previous) = (chain, first, 0);
        if (first != 0)
        {
            _nodes[first].Previous = dup;
        }

        _nodes[chain].First = dup;
    }

    private void UnlinkDup(uint dup)
    {
        ref StableNode record = ref _nodes[dup];
        if (record.Previous == 0)
        {
            _nodes[record.Chain].First = record.Next;
        }
        else
        {
            _nodes[record.Previous].Next = record.Next;
        }

        if (record.Next != 0)
        {
            _nodes[record.Next].Previous = record.Previous;
        }

        (record.Chain, record.Next, record.Previous) = (0, 0, 0);
    }

    // A chain whose dups have changed may be collapsed, deleted or reordered by the next walk that passes.
    private void Unsettle(uint chain)
    {
        if (chain != 0 && !_nodes[chain].HasChanged)
        {
            _nodes[chain].HasChanged = true;
            _unsettledChains++;
        }
    }

    private void Settle(uint chain)
    {
        if (_nodes[chain].HasChanged)
        {
            _nodes[chain].HasChanged = false;
            _unsettledChains--;
        }
    }
}
