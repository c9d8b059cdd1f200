using System;
using System.Collections.Generic;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Scripting.Running;

/// <summary>Whatever can perform scripts: the engine, or a real kernel. Names are resolved; addresses are in bytes.</summary>
/// <remarks>
/// Processes, and pins, are numbered by the runner and the performer respectively, from 0, and never reused. A performer may
/// throw what it likes where it does not do what it is asked for, as long as <see cref="Explain"/> knows it.
/// Thread safety: none.
/// </remarks>
public interface IScriptPerformer : ICounterSource
{
    /// <summary>Bytes in a page; good after <see cref="Start"/>.</summary>
    int PageSize { get; }

    /// <summary>Bytes of content kept of a page; good after <see cref="Start"/>.</summary>
    int ContentSize { get; }

    /// <summary>Counts flush operations; null where nobody does. Good after <see cref="Start"/>.</summary>
    IFlushSource? Flushes => null;

    /// <summary>Says what an exception means.</summary>
    /// <param name="exception">What one of the other members threw.</param>
    /// <returns>Its meaning; null for a fault of the performer itself.</returns>
    PerformerException? Explain(Exception exception);

    /// <summary>Says that the script will ask for events. Called before <see cref="Start"/>, or not at all.</summary>
    void RecordEvents()
    {
        // A performer that sees no events says so when it is asked for them.
    }

    /// <summary>Makes the machine. Called once, before anything else.</summary>
    /// <param name="settings">What the script says about it.</param>
    void Start(MachineSettings settings);

    /// <summary>Makes a process with an empty address space.</summary>
    /// <param name="process">Its number.</param>
    /// <param name="group">Control group that it is charged to.</param>
    /// <param name="cpu">CPU that it runs on.</param>
    void Spawn(int process, string group, int cpu);

    /// <summary>Forks.</summary>
    /// <param name="parent">Who.</param>
    /// <param name="child">Number of the child.</param>
    void Fork(int parent, int child);

    /// <summary>Starts a new program.</summary>
    /// <param name="process">Who.</param>
    void Exec(int process);

    /// <summary>Ends a process.</summary>
    /// <param name="process">Who.</param>
    void ExitProcess(int process);

    /// <summary>Lets another thread of a process act from here on; exec ends all but the one that acts.</summary>
    /// <param name="process">Who.</param>
    /// <param name="thread">
    /// The thread, from 0. One more than there have been begins, on the CPU of the one that acted.
    /// </param>
    void SwitchThread(int process, int thread);

    /// <summary>Lets the thread of a process that acts run on another CPU.</summary>
    /// <param name="process">Who.</param>
    /// <param name="cpu">The CPU.</param>
    void SwitchCpu(int process, int cpu);

    /// <summary>Lets a CPU go idle: it runs nothing until something acts on it again.</summary>
    /// <param name="cpu">The CPU.</param>
    void Idle(int cpu);

    /// <summary>Maps memory.</summary>
    /// <param name="process">Who.</param>
    /// <param name="pages">How many pages.</param>
    /// <param name="settings">How; its place does not count.</param>
    /// <param name="at">Where (MAP_FIXED); null for wherever the performer likes.</param>
    /// <returns>First address.</returns>
    ulong Map(int process, ulong pages, MapSettings settings, ulong? at);

    /// <summary>munmap.</summary>
    /// <param name="process">Who.</param>
    /// <param name="run">Which pages.</param>
    void Unmap(int process, PageRun run);

    /// <summary>mprotect.</summary>
    /// <param name="process">Who.</param>
    /// <param name="run">Which pages.</param>
    /// <param name="protection">What they permit.</param>
    void Protect(int process, PageRun run, Protection protection);

    /// <summary>madvise.</summary>
    /// <param name="process">Who.</param>
    /// <param name="run">Which pages.</param>
    /// <param name="advice">The advice.</param>
    void Advise(int process, PageRun run, MemoryAdvice advice);

    /// <summary>mremap.</summary>
    /// <param name="process">Who.</param>
    /// <param name="request">What to do.</param>
    /// <returns>First address afterwards.</returns>
    ulong Remap(int process, RemapRequest request);

    /// <summary>brk.</summary>
    /// <param name="process">Who.</param>
    /// <param name="pages">Size of the heap from now on.</param>
    /// <returns>First address of the heap.</returns>
    ulong Break(int process, ulong pages);

    /// <summary>mlock or munlock.</summary>
    /// <param name="process">Who.</param>
    /// <param name="run">Which pages.</param>
    /// <param name="locked">Whether to lock.</param>
    void Lock(int process, PageRun run, bool locked);

    /// <summary>msync with MS_SYNC.</summary>
    /// <param name="process">Who.</param>
    /// <param name="run">Which pages.</param>
    void Synchronise(int process, PageRun run);

    /// <summary>Write-protects through userfaultfd, or takes it back.</summary>
    /// <param name="process">Who.</param>
    /// <param name="run">Which pages.</param>
    /// <param name="writeProtect">Whether to protect.</param>
    void UserFault(int process, PageRun run, bool writeProtect);

    /// <summary>Writes whole pages.</summary>
    /// <param name="process">Who.</param>
    /// <param name="run">Which pages.</param>
    /// <param name="pattern">Their contents.</param>
    void Fill(int process, PageRun run, ContentPattern pattern);

    /// <summary>Writes bytes.</summary>
    /// <param name="process">Who.</param>
    /// <param name="address">First address.</param>
    /// <param name="bytes">The bytes.</param>
    void Poke(int process, ulong address, ReadOnlySpan<byte> bytes);

    /// <summary>Reads a byte of each page.</summary>
    /// <param name="process">Who.</param>
    /// <param name="run">Which pages.</param>
    void Read(int process, PageRun run);

    /// <summary>Faults pages in.</summary>
    /// <param name="process">Who.</param>
    /// <param name="run">Which pages.</param>
    /// <param name="forWriting">Whether for writing.</param>
    void Populate(int process, PageRun run, bool forWriting);

    /// <summary>Lends the frame of a page to a device or a pipe.</summary>
    /// <param name="process">Who.</param>
    /// <param name="address">First address of the page.</param>
    /// <param name="kind">What for.</param>
    /// <returns>Number of the pin.</returns>
    int Pin(int process, ulong address, PinKind kind);

    /// <summary>Takes a loan back.</summary>
    /// <param name="pin">Number of the pin.</param>
    void Unpin(int pin);

    /// <summary>Writes a page in spite of its protection.</summary>
    /// <param name="process">Whose memory.</param>
    /// <param name="address">First address of the page.</param>
    /// <param name="content">Number of the content.</param>
    void ForceWrite(int process, ulong address, ulong content);

    /// <summary>write(2) from pages, or read(2) into them, with O_DIRECT.</summary>
    /// <param name="process">Who.</param>
    /// <param name="run">Which pages.</param>
    /// <param name="arrives">Content that each page receives, for read(2); null for write(2).</param>
    void DirectIo(int process, PageRun run, ulong? arrives);

    /// <summary>Writes a file of <c>/sys/kernel/mm/ksm</c>.</summary>
    /// <param name="knob">Its name.</param>
    /// <param name="value">What is written.</param>
    void SetKnob(string knob, string value);

    /// <summary>prctl's PR_SET_MEMORY_MERGE or PR_GET_MEMORY_MERGE.</summary>
    /// <param name="process">Who.</param>
    /// <param name="sets">Whether to set.</param>
    /// <param name="arguments">arg2 to arg5; those left out are 0.</param>
    void ControlMerging(int process, bool sets, ReadOnlySpan<ulong> arguments);

    /// <summary>Lets the scanner work to the end of a full scan.</summary>
    void Scan();

    /// <summary>Wakes the scanner once.</summary>
    void Batch();

    /// <summary>Model time goes on.</summary>
    /// <param name="time">By how much.</param>
    void Advance(Duration time);

    /// <summary>Adds to the CPU time that the scanner has used so far, by which the advisor reckons.</summary>
    /// <param name="time">How much.</param>
    void SetAdvisorCpu(Duration time);

    /// <summary>Moves pages to other frames.</summary>
    /// <param name="process">Whose pages.</param>
    /// <param name="run">Which pages.</param>
    /// <param name="node">Node of the new frames; null for any.</param>
    void Migrate(int process, PageRun run, int? node);

    /// <summary>Reclaims pages as memory pressure does.</summary>
    /// <param name="process">Whose pages.</param>
    /// <param name="run">Which pages.</param>
    void PageOut(int process, PageRun run);

    /// <summary>Asks a group to give up pages.</summary>
    /// <param name="group">The control group.</param>
    /// <param name="pages">How many.</param>
    void Reclaim(string group, ulong pages);

    /// <summary>Limits a group.</summary>
    /// <param name="group">The control group.</param>
    /// <param name="pages">Memory, in pages; null for no limit.</param>
    /// <param name="swap">Swap, in pages; null for no limit.</param>
    void Limit(string group, ulong? pages, ulong? swap);

    /// <summary>Adds a swap device.</summary>
    /// <param name="device">Its name.</param>
    /// <param name="pages">Its size.</param>
    /// <param name="settings">What it is like.</param>
    void SwapOn(string device, ulong pages, SwapSettings settings);

    /// <summary>Removes a swap device.</summary>
    /// <param name="device">Its name.</param>
    void SwapOff(string device);

    /// <summary>Takes the memory of a node away, or gives it back.</summary>
    /// <param name="node">The node.</param>
    /// <param name="online">Whether to give it back.</param>
    void SetOnline(int node, bool online);

    /// <summary>Reads what is kept of a page, without a fault and without a trace.</summary>
    /// <param name="process">Whose page.</param>
    /// <param name="address">First address of the page.</param>
    /// <param name="content">Receives it; <see cref="ContentSize"/> long.</param>
    void Peek(int process, ulong address, Span<byte> content);

    /// <summary>Reads what the borrower of a pinned page sees.</summary>
    /// <param name="pin">Number of the pin.</param>
    /// <param name="content">Receives it; <see cref="ContentSize"/> long.</param>
    void PeekPinned(int pin, Span<byte> content);

    /// <summary>Number of the frame that a page is mapped to; 0 for none.</summary>
    /// <param name="process">Whose page.</param>
    /// <param name="address">First address of the page.</param>
    ulong FrameAt(int process, ulong address);

    /// <summary>PTEs that map the frame of a page; 0 for none and for the zero frame.</summary>
    /// <param name="process">Whose page.</param>
    /// <param name="address">First address of the page.</param>
    int MapCountAt(int process, ulong address);

    /// <summary>What a page is.</summary>
    /// <param name="process">Whose page.</param>
    /// <param name="address">First address of the page.</param>
    /// <param name="asked">The states that matter; others may be left out of the answer.</param>
    PageState StateAt(int process, ulong address, PageState asked);

    /// <summary>Flags of the VMA of a page, as smaps shows them; none where there is no VMA.</summary>
    /// <param name="process">Whose page.</param>
    /// <param name="address">First address of the page.</param>
    IReadOnlyCollection<string> VmaFlagsAt(int process, ulong address);

    /// <summary>The VMAs of a process in ascending order, and what merging has to do with each.</summary>
    /// <param name="process">Whose.</param>
    IReadOnlyList<VmaFigures> VmasOf(int process);

    /// <summary>Takes the events since the last call, oldest first.</summary>
    IReadOnlyList<ScriptEvent> TakeEvents();
}
