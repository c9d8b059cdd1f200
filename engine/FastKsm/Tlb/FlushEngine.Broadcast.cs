using System;
using System.Numerics;
using System.Threading;

namespace FastKsm.Tlb;

/// <content>Invalidations that hardware carries to other CPUs.</content>
/// <remarks>
/// No interrupt, no handler of the kernel's. What hardware does on each CPU still goes through the CPUs' queues here,
/// since another thread may be using the TLB. Only CPUs that have run the address space can hold anything of it, so
/// only these get it; the counts are those of instructions, whatever the number of CPUs.
/// </remarks>
internal sealed unsafe partial class FlushEngine
{
    private void FlushByBroadcast(in FlushRequest request, in Range killed)
    {
        int cpu = request.Initiator;
        Span<ulong> mask = stackalloc ulong[request.Mm!.MaskWords];
        request.Mm.CopyMask(mask);
        int width = WidthOf(mask, cpu);
        Note(EventOf(FlushEventKind.RangeFlush, in request) with { Value = 0 });
        long instructions = request.Pages == All || request.Strides == 0 ? 1 : request.Strides;
        bool isLocal = Options.Shootdown == ShootdownKind.ArmLocal && width == 0;
        FlushEventKind kind = isLocal ? FlushEventKind.LocalInvalidation : FlushEventKind.Broadcast;
        Note(new FlushEvent(kind, cpu, cpu, request.ContextId, Value: instructions));
        Charge(cpu, instructions * _costs.Broadcast);
        FlushRequest broadcast = request with { Kind = RequestKind.Broadcast };
        if (DeliverAll(mask, in broadcast))
        {
            WaitForSections(mask, in killed);
        }

        Note(new FlushEvent(FlushEventKind.Sync, cpu, cpu));
        Charge(cpu, isLocal ? _costs.HandlerFixed : _costs.Sync);
    }

    private void FlushByInvlpgb(in FlushRequest request, in Range killed)
    {
        int cpu = request.Initiator;
        Span<ulong> mask = stackalloc ulong[request.Mm!.MaskWords];
        request.Mm.CopyMask(mask);
        Note(EventOf(FlushEventKind.RangeFlush, in request) with { Value = 0 });
        long most = Options.InvlpgbMaxPages;
        long instructions = request.Pages == All || request.Strides == 0 ? 1 : (request.Strides + most - 1) / most;
        Note(new FlushEvent(FlushEventKind.Broadcast, cpu, cpu, request.ContextId, Value: instructions));
        FlushRequest broadcast = request with { Kind = RequestKind.Broadcast };
        if (DeliverAll(mask, in broadcast))
        {
            WaitForSections(mask, in killed);
        }

        Note(new FlushEvent(FlushEventKind.Sync, cpu, cpu));
        Charge(cpu, (instructions * _costs.Broadcast) + _costs.Sync);
    }

    // Whether another thread may be using a TLB meanwhile.
    private bool DeliverAll(ReadOnlySpan<ulong> mask, in FlushRequest request)
    {
        Thread current = Thread.CurrentThread;
        bool isWaited = false;
        for (int word = 0; word < mask.Length; word++)
        {
            for (ulong left = mask[word]; left != 0; left &= left - 1)
            {
                CpuTlb target = _cpus[(word * WordBits) + BitOperations.TrailingZeroCount(left)];
                isWaited |= target.MayBeUsedBeside(current);
                if (Bug != PlantedBug.NotSent)
                {
                    isWaited |= target.Deliver(in request, current, out _);
                }
            }
        }

        return isWaited;
    }

    // After a flush that other CPUs took part in: an address space active on many of them gets an id under which all
    // know it. The flush after that still goes by interrupt, to all, so that each loads it anew.
    private void GoGlobal(SpaceTranslations mm, ReadOnlySpan<ulong> mask, bool wasInTransition)
    {
        if (wasInTransition)
        {
            mm.EndTransition();
            return;
        }

        if (mm.GlobalAsid == 0)
        {
            int active = 0;
            for (int word = 0; word < mask.Length; word++)
            {
                for (ulong left = mask[word]; left != 0; left &= left - 1)
                {
                    active += _cpus[(word * WordBits) + BitOperations.TrailingZeroCount(left)].IsActive(mm) ? 1 : 0;
                }
            }

            if (active > Options.GlobalAsidThreshold)
            {
                mm.GiveGlobalAsid(Interlocked.Increment(ref _lastGlobalAsid));
            }
        }
    }
}
