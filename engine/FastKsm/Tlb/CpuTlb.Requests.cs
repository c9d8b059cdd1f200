using System.Threading;
using FastKsm.Primitives;

namespace FastKsm.Tlb;

/// <content>Requests of other CPUs.</content>
internal sealed unsafe partial class CpuTlb
{
    private const int RingLength = 32;

    private readonly FlushRequest[] _ring = new FlushRequest[RingLength];
    private int _first;
    private int _queued;

    /// <summary>Whether a thread other than this one drives the CPU.</summary>
    internal bool MayBeUsedBeside(Thread current) => IsDrivenByAnother(current);

    /// <summary>Whether a request is for this CPU; the first rule that applies decides.</summary>
    /// <param name="request">The request.</param>
    /// <param name="toAll">Whether lazy CPUs and those that run something else are told, too.</param>
    /// <param name="trims">Whether CPUs that run something else are told, so that they leave the mask.</param>
    internal bool IsTargetOf(in FlushRequest request, bool toAll, bool trims)
    {
        if (toAll)
        {
            return true;
        }

        if (IsLazy)
        {
            // It compares generations when it goes on.
            return false;
        }

        ulong loaded = Volatile.Read(ref _state->LoadedContext);
        return request.Mm is null || loaded == Switching || loaded == request.ContextId || trims;
    }

    /// <summary>Whether it has what a request is about loaded; anything will do for a batch.</summary>
    internal bool HasLoaded(in FlushRequest request) =>
        request.Mm is null || Volatile.Read(ref _state->LoadedContext) == request.ContextId;

    /// <summary>Whether it runs an address space at this moment.</summary>
    internal bool IsActive(SpaceTranslations mm) =>
        !IsLazy && Volatile.Read(ref _state->LoadedContext) == mm.ContextId;

    /// <summary>Gives the CPU a request, and handles it if no other thread drives the CPU.</summary>
    /// <param name="request">The request.</param>
    /// <param name="current">The calling thread.</param>
    /// <param name="needsInterrupt">Whether no request was waiting, so that the CPU must be interrupted.</param>
    /// <returns>Whether the request waits for the driver.</returns>
    internal bool Deliver(in FlushRequest request, Thread current, out bool needsInterrupt)
    {
        SpinLatch.Enter(ref _state->Latch, LockRank.FlushQueue);
        while (_queued == RingLength)
        {
            MakeRoom(current);
        }

        needsInterrupt = _queued == 0;
        bool waits = _engine.HoldsRequests || IsDrivenByAnother(current);
        if (waits)
        {
            _ring[(_first + _queued) % RingLength] = request;
            _queued++;
            Raise(Pending.Requests);
        }
        else
        {
            HandleRequests();
            Handle(in request);
        }

        SpinLatch.Exit(ref _state->Latch, LockRank.FlushQueue);
        return waits;
    }

    /// <summary>The CPU is not run by its host: it flushes all when it is run again.</summary>
    /// <returns>Whether that is so; false if it is driven or runs an address space.</returns>
    internal bool TryFlushOnEntry()
    {
        SpinLatch.Enter(ref _state->Latch, LockRank.FlushQueue);
        bool halted = _running is null;
        if (halted)
        {
            Raise(Pending.FlushOnEntry);
        }

        SpinLatch.Exit(ref _state->Latch, LockRank.FlushQueue);
        return halted;
    }

    /// <summary>Waits until the CPU is in no section that began before and may be inside the range.</summary>
    /// <param name="context">Id of the address space; 0 for any.</param>
    /// <param name="firstPage">First page.</param>
    /// <param name="pages">Pages.</param>
    /// <remarks>
    /// The caller has made sure that later sections see what the CPU has to do, and that earlier ones are seen here.
    /// </remarks>
    internal void WaitForSection(ulong context, ulong firstPage, ulong pages)
    {
        ulong seen = Volatile.Read(ref _state->Section);
        if (seen == 0 || TranslationCache.PageOf(seen) - firstPage >= pages)
        {
            return;
        }

        // A CPU switches outside of sections only. If something else is loaded by now, the section was that address
        // space's, or is over.
        ulong loaded = Volatile.Read(ref _state->LoadedContext);
        if (context != 0 && loaded != context && loaded != Switching)
        {
            return;
        }

        // The target may have lost its processor: this thread gives up its own soon. A later section at the same page
        // looks the same, but before it the driver has done all that it was asked to, outside of any: then the flag was
        // down for a moment, or this sees it so. Should others raise it each time, a moment without the section is seen
        // sooner or later.
        SpinWait spinner = default;
        while (Volatile.Read(ref _state->Section) == seen && IsAsked)
        {
            spinner.SpinOnce(sleep1Threshold: -1);
            if (spinner.NextSpinWillYield && Driver is null)
            {
                return;
            }
        }
    }

    private bool IsAsked => (Volatile.Read(ref _state->Pending) & ~(int)Pending.Fence) != (int)Pending.None;

    // Under the latch: all that others have asked for, in order.
    private void HandleAll(bool returns)
    {
        HandleRequests();
        Pending pending = (Pending)_state->Pending & ~Pending.Fence;
        if (pending == Pending.None)
        {
            return;
        }

        if ((pending & Pending.FlushOnEntry) != Pending.None)
        {
            FlushAllSlots();
            _engine.NoteFlushedOnEntry(Number);
        }

        if (returns && (pending & Pending.Return) != Pending.None && _running is not null)
        {
            Load(_running);
        }

        // Last, and after all of it: a section that finds the flag cleared may use the TLB at once.
        Volatile.Write(ref _state->Pending, _state->Pending & (int)Pending.Fence);
    }

    private void HandleRequests()
    {
        while (_queued != 0)
        {
            ref FlushRequest request = ref _ring[_first];
            Handle(in request);
            request = default;
            _first = (_first + 1) % RingLength;
            _queued--;
        }

        Volatile.Write(ref _state->Pending, _state->Pending & ~(int)Pending.Requests);
    }

    // Under the latch, which it leaves meanwhile. The ring is full and the driver does not come.
    private void MakeRoom(Thread current)
    {
        if (!IsDrivenByAnother(current))
        {
            HandleRequests();
            return;
        }

        // The flag has been set since the ring began to fill, and stays so while the latch is held. After the barrier a
        // section either is seen here, or has found the flag, and then its driver waits for the latch: outside of
        // sections the TLB is this thread's.
        FlushEngine.Barrier();
        ulong seen = Volatile.Read(ref _state->Section);
        if (seen == 0)
        {
            HandleRequests();
            return;
        }

        SpinLatch.Exit(ref _state->Latch, LockRank.FlushQueue);
        SpinWait spinner = default;
        while (Volatile.Read(ref _state->Section) == seen && Driver is not null)
        {
            spinner.SpinOnce(sleep1Threshold: -1);
        }

        SpinLatch.Enter(ref _state->Latch, LockRank.FlushQueue);
    }

    // The handler of a CPU, whichever thread runs it. Rules in the order of the reference's 2.6.
    private void Handle(in FlushRequest request)
    {
        if (request.Kind == RequestKind.Broadcast)
        {
            HandleBroadcast(in request);
            return;
        }

        bool isLocal = request.Initiator == Number;
        if (!isLocal)
        {
            _engine.NoteReceived(Number, in request);
        }

        if (request.Kind == RequestKind.Kernel)
        {
            // No translation of the kernel's own range is modelled; but the flush of all of them takes processes'
            // along.
            bool all = request.Pages == FlushEngine.All;
            if (all)
            {
                FlushAllSlots();
            }

            HandlerEnd end = all ? HandlerEnd.KernelAll : HandlerEnd.KernelRange;
            _engine.NoteHandled(Number, end, in request, isLocal, useful: false);
            return;
        }

        if (request.Mm is { } mm && (mm != _loaded || _state->LoadedContext != request.ContextId))
        {
            // Wrong CPU. Its translations of that address space stay, but a switch will compare generations; and the
            // bit can be set by no one but this CPU's driver, under this latch. The object may serve another address
            // space by now: then it is not loaded here either, and its bit is not set.
            if (mm != _loaded)
            {
                mm.ClearCpu(Number);
            }

            _engine.NoteHandled(Number, HandlerEnd.WrongCpu, in request, isLocal, useful: false);
            return;
        }

        if (_loaded is not { } loaded)
        {
            _engine.NoteHandled(Number, HandlerEnd.Nothing, in request, isLocal, useful: false);
            return;
        }

        if (loaded.GlobalAsid != 0 && request.Mm is not null && loaded.IsInTransition)
        {
            // It reloads the address space under its global id, which brings no old translation along.
            FlushLoaded(loaded.Generation);
            _engine.NoteHandled(Number, HandlerEnd.Reloaded, in request, isLocal, useful: false);
            return;
        }

        if (IsLazy)
        {
            LoadKernel();
            _engine.NoteHandled(Number, HandlerEnd.LeftLazy, in request, isLocal, useful: false);
            return;
        }

        ref ContextSlot slot = ref _state->Contexts[_loadedSlot];
        ulong current = loaded.Generation;
        if ((request.NewGeneration != 0 && request.NewGeneration <= slot.Generation) || slot.Generation == current)
        {
            _engine.NoteHandled(Number, HandlerEnd.Nothing, in request, isLocal, useful: false);
            return;
        }

        // A range will do if this request is the only thing that the slot lacks.
        bool isNext = request.NewGeneration == slot.Generation + 1 && request.NewGeneration == current;
        if (request.Pages != FlushEngine.All && (isNext || _engine.Bug == PlantedBug.RangeOverGap))
        {
            bool held = InvalidateRange(in request, _state->Tag);
            slot.Generation = current;
            _engine.NoteHandled(Number, HandlerEnd.Range, in request, isLocal, held);
        }
        else
        {
            bool held = FlushLoaded(current);
            _engine.NoteHandled(Number, HandlerEnd.Full, in request, isLocal, held);
        }
    }

    private bool InvalidateRange(in FlushRequest request, ulong tag)
    {
        ulong strides = (ulong)request.Strides;
        if (_engine.Bug == PlantedBug.RangeTooShort && strides > 1)
        {
            strides--;
        }

        return _cache.InvalidateRange(request.FirstPage, strides, request.StrideShift, tag);
    }

    // What hardware does to the TLB of a CPU when another one broadcasts: it finds the address space under whatever
    // slot.
    private void HandleBroadcast(in FlushRequest request)
    {
        bool held = false;
        for (int slot = 0; slot < _slots; slot++)
        {
            ref ContextSlot context = ref _state->Contexts[slot];
            if (context.ContextId == 0 || (request.Mm is not null && context.ContextId != request.ContextId))
            {
                continue;
            }

            held |= request.Pages == FlushEngine.All
                ? _cache.FlushSlot(slot)
                : InvalidateRange(in request, _cache.TagOf(slot));

            if (request.NewGeneration > context.Generation)
            {
                if (request.NewGeneration != context.Generation + 1)
                {
                    // Something older has not come: two flushes at once, of which this one was faster, or the address
                    // space was followed by generations until now. What that would have removed goes, too.
                    held |= _cache.FlushSlot(slot);
                }

                context.Generation = request.NewGeneration;
            }
        }

        if (request.Mm is null && _loaded is { } loaded && _state->LoadedContext == loaded.ContextId)
        {
            // All is gone, so nothing is older than now.
            _state->Contexts[_loadedSlot].Generation = loaded.Generation;
        }

        if (_loadedSlot != NoSlot)
        {
            _state->Tag = _cache.TagOf(_loadedSlot);
        }

        _engine.NoteHandled(Number, HandlerEnd.Broadcast, in request, request.Initiator == Number, held);
    }

    private void FlushAllSlots()
    {
        for (int slot = 0; slot < _slots; slot++)
        {
            _ = _cache.FlushSlot(slot);
        }

        if (_loadedSlot != NoSlot)
        {
            _state->Tag = _cache.TagOf(_loadedSlot);
        }
    }
}
