using System;
using System.Collections.Concurrent;
using System.Linq;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;
using FastKsm.Swapping;
using FastKsm.Swapping.Backends;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Swapping;

/// <summary>Eight threads on one swap system: references change hands, and each finds the content that was
/// written.</summary>
public sealed class SwapThreadsTests
{
    private const int ThreadCount = 8;
    private const int Steps = 6000;
    private const int FramesEach = 96;

    [Theory]
    [InlineData("legacy", 1)]
    [InlineData("legacy", 0)]
    [InlineData("faithful", 2)]
    [InlineData("faithful", 0)]
    [InlineData("compact", 0)]
    [InlineData("compact", 1)]
    [InlineData("compact", 2)]
    [InlineData("compact", 0, true)]
    [InlineData("faithful", 2, true)]
    public async Task Threads_OnSharedSlots_KeepEveryContentAndCount(string layout, int scope, bool keepsClustersApart = false)
    {
        using SwapRig rig = SwapRig.Make(
            layout, cpus: ThreadCount, scope: (GroupScope)scope, keepsClustersApart: keepsClustersApart);
        using FingerprintBackend first = new(1024, rig.Faults);
        using FingerprintBackend second = new(1300, rig.Faults);
        Assert.Equal(SwapStatus.Done, rig.Space.TryMount(first, new SwapDeviceOptions(), out _, out _));
        Assert.Equal(SwapStatus.Done, rig.Space.TryMount(second, new SwapDeviceOptions { DiscardsClusters = true }, out _, out _));
        for (ushort id = 1; id <= 2 && scope != 0; id++)
        {
            Assert.True(rig.Space.Groups.TryAdd(id, new SwapGroup { Parent = (ushort)(id - 1) }));
        }

        ConcurrentQueue<Reference> references = new();
        await Threads.RunAll([.. Enumerable.Range(0, ThreadCount).Select(number => (Action)(() => new Worker(rig, references, number).Run()))]);

        rig.Space.Validate();
        foreach (IGrouping<SwapEntry, Reference> named in references.GroupBy(reference => reference.Entry))
        {
            Assert.Equal(named.Count(), rig.Space.CountOf(named.Key));
        }

        while (references.TryDequeue(out Reference reference))
        {
            Assert.Equal(SwapStatus.Done, rig.Space.Put(reference.Entry));
        }

        // What is left is cached, and named by nobody.
        for (int device = 0; device < 2; device++)
        {
            for (uint from = 1; rig.Space.TryNextInUse(device, from, out SwapEntry entry); from = entry.Offset + 1)
            {
                Assert.True(rig.Space.TryDropUnnamed(entry, anyway: true, out _));
            }
        }

        Assert.Equal(0, rig.Used());
        Assert.True(scope == 0 || (rig.Space.Groups[1].Swap == 0 && rig.Space.Groups[2].Swap == 0));
        rig.Space.Validate();
    }

    // The right to take one off the count of a slot, and what the page that it stands for reads as.
    private readonly record struct Reference(SwapEntry Entry, UInt128 Content);

    private sealed class Worker(SwapRig rig, ConcurrentQueue<Reference> references, int number)
    {
        private readonly Random _random = new(number);
        private readonly UInt128[] _read = new UInt128[1];
        private ulong _written;

        private SwapSpace Space => rig.Space;

        internal void Run()
        {
            for (uint i = 0; i < FramesEach; i++)
            {
                rig.Folios.AddReferences(Frame(i), 1);
            }

            for (int step = 0; step < Steps; step++)
            {
                switch (_random.Next(10))
                {
                    case 0 or 1 or 2:
                        SwapOut();
                        break;
                    case 3 or 4 when references.TryDequeue(out Reference reference):
                        Assert.Equal(SwapStatus.Done, Space.Duplicate(reference.Entry));
                        references.Enqueue(reference);
                        references.Enqueue(reference);
                        break;
                    case 5 or 6 when references.TryDequeue(out Reference reference):
                        Assert.Equal(SwapStatus.Done, Space.Put(reference.Entry));
                        break;
                    default:
                        if (references.TryDequeue(out Reference taken))
                        {
                            SwapIn(taken);
                        }

                        break;
                }
            }
        }

        private Pfn Frame(uint i) => new(1024 + ((uint)number * FramesEach) + i);

        private ushort Group() => (ushort)(Space.Groups.Scope == GroupScope.None ? 0 : _random.Next(3));

        // A frame of the worker's own that is nowhere in use, locked.
        private bool TryNewFolio(out Pfn head)
        {
            for (int tries = 0; tries < FramesEach; tries++)
            {
                head = Frame((uint)_random.Next(FramesEach));
                if (rig.Folios.TryLock(head))
                {
                    if (!Space.TryWhere(head, out _, out _) && rig.Folios.References(head) == 1)
                    {
                        return true;
                    }

                    rig.Folios.Unlock(head);
                }
            }

            head = Pfn.None;
            return false;
        }

        private void SwapOut()
        {
            if (!TryNewFolio(out Pfn head))
            {
                return;
            }

            ushort group = Group();
            if (Space.Allocate(number, head, 0, Space.Groups.Scope == GroupScope.V2 ? group : (ushort)0, out SwapEntry entry) == SwapStatus.Done)
            {
                UInt128[] content = [_random.Next(4) == 0 ? 0 : ((UInt128)(uint)(number + 1) << 64) + ++_written];
                Assert.Equal(SwapStatus.Done, Space.Write(head, MemoryMarshal.AsBytes(content.AsSpan()), out _));
                Assert.Equal(SwapStatus.Done, Space.DuplicateCached(entry));
                if (_random.Next(3) != 0)
                {
                    Assert.Equal(SwapStatus.Done, Space.Drop(head, SwapShadow.None, group));
                }

                references.Enqueue(new Reference(entry, content[0]));
            }

            rig.Folios.Unlock(head);
        }

        private void SwapIn(Reference reference)
        {
            for (SpinWait spinner = default; ; spinner.SpinOnce())
            {
                if (!TryNewFolio(out Pfn head))
                {
                    references.Enqueue(reference);
                    return;
                }

                SwapStatus status = Space.AddForSwapIn(reference.Entry, head, 0, out _, out _);
                if (status == SwapStatus.Done)
                {
                    Use(head, reference);
                    rig.Folios.Unlock(head);
                    return;
                }

                rig.Folios.Unlock(head);
                Assert.Equal(SwapStatus.Exists, status);
                if (!Space.TryLookUp(reference.Entry, out Pfn found))
                {
                    continue;
                }

                bool isLocked = rig.Folios.TryLock(found);
                bool isIt = isLocked && Space.Holds(found, reference.Entry);
                if (isIt)
                {
                    Use(found, reference);
                }

                if (isLocked)
                {
                    rig.Folios.Unlock(found);
                }

                rig.Folios.DropReferences(found, 1);
                if (isIt)
                {
                    return;
                }
            }
        }

        private void Use(Pfn head, Reference reference)
        {
            Assert.Equal(SwapStatus.Done, Space.Read(head, MemoryMarshal.AsBytes(_read.AsSpan())));
            Assert.Equal(reference.Content, _read[0]);
            Assert.Equal(SwapStatus.Done, Space.PutCached(reference.Entry));
            if (_random.Next(2) == 0)
            {
                Assert.Equal(SwapStatus.Done, Space.Drop(head, SwapShadow.None, Group()));
            }
        }
    }
}
