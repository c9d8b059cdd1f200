using System.Collections.Generic;
using System.Linq;
using FastKsm.Memory;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Memory;

/// <summary>The slab against a dictionary of what its records hold.</summary>
public sealed class NativeSlabTests
{
    private const uint Capacity = 100;

    private enum Act
    {
        Take,
        Return,
        Promise,
        TakePromised,
        Cancel,
    }

    [Fact]
    public void Records_RandomScripts_AgreeWithADictionary() => Property.ForAllScripts(
        random => (Act: (Act)random.Next(5), Pick: random.Next()),
        script =>
        {
            using NativeSlab<(ulong Low, ulong High)> slab = new(Capacity, new AllocationFaults());
            Dictionary<uint, ulong> model = [];
            uint promised = 0;
            ulong stamp = 1;
            void Enter(uint id)
            {
                Assert.Equal(default, slab[id]);
                slab[id] = (stamp, ~stamp);
                Assert.True(model.TryAdd(id, stamp++), "An id in use was handed out.");
            }

            foreach ((Act act, int pick) in script)
            {
                bool room = model.Count + promised < Capacity;
                switch (act)
                {
                    case Act.Take:
                        bool taken = slab.TryTake(out uint id);
                        Assert.Equal(room, taken);
                        if (taken)
                        {
                            Enter(id);
                        }

                        break;
                    case Act.Return when model.Count > 0:
                        uint victim = model.Keys.ElementAt(pick % model.Count);
                        slab.Return(victim);
                        _ = model.Remove(victim);
                        break;
                    case Act.Promise:
                        uint count = (uint)(pick % 7) + 1;
                        bool granted = slab.TryPromise(count);
                        Assert.Equal(model.Count + promised + count <= Capacity, granted);
                        promised += granted ? count : 0;
                        break;
                    case Act.TakePromised when promised > 0:
                        promised--;
                        Enter(slab.TakePromised());
                        break;
                    case Act.Cancel when promised > 0:
                        slab.CancelPromise(promised);
                        promised = 0;
                        break;
                    default:
                        break;
                }

                Assert.Equal((uint)model.Count, slab.LiveCount);
                Assert.All(model, entry => Assert.Equal((entry.Value, ~entry.Value), slab[entry.Key]));
            }
        },
        cases: 40);

    [Fact]
    public void Return_MillionRecords_AllComeUpAgain()
    {
        const uint Many = 1_000_000;
        using NativeSlab<ulong> slab = new(Many, new AllocationFaults());
        for (int round = 0; round < 2; round++)
        {
            for (uint i = 0; i < Many; i++)
            {
                Assert.True(slab.TryTake(out uint id));
                slab[id] = id;
            }

            Assert.False(slab.TryTake(out _));
            for (uint id = 1; id <= Many; id++)
            {
                Assert.Equal(id, slab[id]);
                slab.Return(id);
            }
        }
    }
}
