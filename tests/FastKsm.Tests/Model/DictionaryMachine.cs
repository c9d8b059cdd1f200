using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using FastKsm.Primitives;
using Xunit;

namespace FastKsm.Tests.Model;

/// <summary>A machine as a dictionary of pages, driven beside the real one; the two must show the same.</summary>
/// <remarks>
/// It knows nothing of frames, VMAs or page tables. Where the outcome depends on how pages are grouped into VMAs (mremap
/// demands one VMA), it checks what must hold either way and follows the real machine.
/// </remarks>
internal sealed partial class DictionaryMachine : IDisposable
{
    /// <summary>Pages that scripts play with.</summary>
    internal const int Pages = 96;

    private const ulong FirstPage = 500; // So that the play crosses the border between two page-table leaves.
    private const ulong PageSize = 4096;
    private const int MaxProcesses = 6;

    private static readonly Advice[] s_flagAdvice =
    [
        Advice.DontFork, Advice.DoFork, Advice.WipeOnFork, Advice.KeepOnFork, Advice.DontDump, Advice.DoDump, Advice.Mergeable,
        Advice.Unmergeable, Advice.Free, Advice.Cold, Advice.PopulateRead, Advice.PopulateWrite, Advice.Sequential,
        Advice.Normal,
    ];

    private readonly Machine _machine;
    private readonly List<Running> _running = [];
    private readonly List<Loan> _loans = [];
    private readonly byte[] _content = new byte[PageSize];
    private int _origins;
    private ulong _stamp = 1;

    internal DictionaryMachine(long frames)
    {
        _machine = new Machine(new MachineOptions { Frames = frames, Cpus = 3, Nodes = 2 });
        _running.Add(new Running(_machine.Spawn()));
    }

    /// <summary>Operations that ran out of frames, for tests that want some to.</summary>
    internal int Exhaustions { get; private set; }

    /// <summary>Operations of each kind that did what they were asked.</summary>
    internal Dictionary<ModelOpKind, int> Successes { get; } = [];

    /// <summary>Operations that were refused, as they had to be.</summary>
    internal int Refusals { get; private set; }

    public void Dispose() => _machine.Dispose();

    /// <summary>Performs an operation on both and compares what it says.</summary>
    internal void Perform(in ModelOp op)
    {
        Running running = _running[op.Process % _running.Count];
        ulong page = FirstPage + (ulong)op.Page;
        ulong end = Math.Min(page + (ulong)op.Pages, FirstPage + Pages);
        try
        {
            int refusals = Refusals;
            Perform(op, running, page, end);
            Successes[op.Kind] = Successes.GetValueOrDefault(op.Kind) + (Refusals == refusals ? 1 : 0);
        }
        catch (OutOfFramesException)
        {
            // Allowed at any time; whether anything that can be read has changed is for Compare to see.
            Exhaustions++;
        }
    }

    /// <summary>Compares every page of every process, and lets the machine check itself.</summary>
    internal void Compare()
    {
        _machine.Validate();
        foreach (Running running in _running)
        {
            foreach ((ulong page, DictionaryPage expected) in running.Pages)
            {
                running.Process.Peek(page * PageSize, _content);
                ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(_content);
                Assert.True(
                    (words[0], words[^1]) == (expected.Value, expected.Value),
                    $"Page {page} holds {words[0]}…{words[^1]} instead of {expected.Value}.");
            }

            Assert.Equal((ulong)running.Pages.Count * PageSize, running.Process.MappedBytes);
            Assert.Equal((ulong)running.Pages.Values.Count(page => page.Locked) * PageSize, running.Process.LockedBytes);
        }

        foreach (Loan loan in _loans.Where(loan => loan.Binding))
        {
            Assert.Equal(loan.Pin.Frame, loan.Owner.Process.FrameAt(loan.Page * PageSize));
        }
    }

    /// <summary>Ends everything and checks that nothing is left.</summary>
    internal void Finish(long frames)
    {
        foreach (Running running in _running)
        {
            running.Process.Exit();
        }

        _loans.ForEach(loan => loan.Pin.Dispose());
        _machine.Validate();
        Assert.Equal(frames, _machine.FreeFrames);
        Assert.Equal(0, _machine.Store.UsedBytes);
    }

    private static ulong Bytes(ulong start, ulong end) => (end - start) * PageSize;

    private void Perform(in ModelOp op, Running running, ulong page, ulong end)
    {
        switch (op.Kind)
        {
            case ModelOpKind.Write:
                Write(running, page, forced: false);
                break;
            case ModelOpKind.ForceWrite:
                Write(running, page, forced: true);
                break;
            case ModelOpKind.WriteAcross:
                WriteAcross(running, page);
                break;
            case ModelOpKind.Read:
                Read(running, page);
                break;
            case ModelOpKind.Map or ModelOpKind.MapAnywhere:
                Map(op, running, page, end);
                break;
            case ModelOpKind.Unmap:
                running.Process.Unmap(page * PageSize, Bytes(page, end));
                Drop(running, page, end);
                break;
            case ModelOpKind.Protect:
                Protect(op, running, page, end);
                break;
            case ModelOpKind.Advise:
                AdviseAll(running, page, end, s_flagAdvice[op.Choice % s_flagAdvice.Length]);
                break;
            case ModelOpKind.DontNeed:
                AdviseAll(running, page, end, Advice.DontNeed);
                break;
            case ModelOpKind.Lock or ModelOpKind.Unlock:
                Lock(running, page, end, op.Kind == ModelOpKind.Lock);
                break;
            case ModelOpKind.RemapInPlace or ModelOpKind.RemapFixed:
                Remap(op, running, page, end);
                break;
            case ModelOpKind.Fork when _running.Count < MaxProcesses:
                Running child = new(running.Process.Fork());
                foreach ((ulong at, DictionaryPage parent) in running.Pages.Where(entry => !entry.Value.DontFork))
                {
                    child.Pages.Add(at, parent.Copy(forked: true));
                }

                _running.Add(child);
                break;
            case ModelOpKind.Exit when _running.Count > 1:
                running.Process.Exit();
                Release(running, 0, ulong.MaxValue);
                _ = _running.Remove(running);
                break;
            case ModelOpKind.Exec when op.Choice % 4 == 0:
                running.Process.Exec();
                Drop(running, 0, ulong.MaxValue);
                break;
            case ModelOpKind.Pin:
                Pin(op, running, page);
                break;
            case ModelOpKind.Unpin when _loans.Count > 0:
                Loan loan = _loans[op.Choice % _loans.Count];
                _ = _loans.Remove(loan);
                loan.Pin.Dispose();
                break;
            case ModelOpKind.MergeAny:
                running.Process.SetMergesAnything(op.Choice % 2 == 0);
                Assert.Equal(op.Choice % 2 == 0, running.Process.MergesAnything);
                break;
            case ModelOpKind.SwitchCpu:
                running.Process.Cpu = _machine.Cpus[op.Choice % _machine.Cpus.Count];
                break;
            default:
                break;
        }
    }

    private void Drop(Running running, ulong page, ulong end)
    {
        Release(running, page, end);
        foreach (ulong gone in running.Pages.Keys.Where(key => key >= page && key < end).ToArray())
        {
            _ = running.Pages.Remove(gone);
        }
    }

    // Pages of a range lose their frames; loans of them bind nobody any more.
    private void Release(Running running, ulong page, ulong end)
    {
        foreach (Loan loan in _loans.Where(loan => loan.Owner == running && loan.Page >= page && loan.Page < end))
        {
            loan.Binding = false;
        }
    }

    private sealed class Running(Process process)
    {
        internal Process Process { get; } = process;

        internal SortedDictionary<ulong, DictionaryPage> Pages { get; } = [];
    }

    private sealed class Loan(FramePin pin, Running owner, ulong page, bool binding)
    {
        internal FramePin Pin { get; } = pin;

        internal Running Owner { get; } = owner;

        internal ulong Page { get; } = page;

        internal bool Binding { get; set; } = binding;
    }
}
