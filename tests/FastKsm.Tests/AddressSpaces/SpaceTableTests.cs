using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using FastKsm.AddressSpaces;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.AddressSpaces;

/// <summary>Address spaces by id: against a dictionary, and with look-ups beside changes.</summary>
public sealed class SpaceTableTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void AddFindRemove_InRandomOrder_AgreeWithADictionary(int seed)
    {
        Random random = new(seed);
        using Machine machine = new(new MachineOptions { Frames = 16 });
        AddressSpace[] spaces = [machine.Spawn().Space, machine.Spawn().Space, machine.Spawn().Space];
        SpaceTable table = new();
        Dictionary<uint, AddressSpace> known = [];
        for (int i = 0; i < 20_000; i++)
        {
            // Few homes, so that entries crowd, and move back when one of them goes.
            uint id = 1 + (uint)random.Next(6) + (16u * (uint)random.Next(4));
            if (known.Remove(id))
            {
                table.Remove(id);
            }
            else
            {
                known[id] = spaces[random.Next(spaces.Length)];
                table.Add(id, known[id]);
            }

            table.Remove(1000);
            for (uint asked = 1; asked < 70; asked++)
            {
                Assert.Equal(known.GetValueOrDefault(asked), table.Find(asked));
            }
        }
    }

    [Fact]
    public async Task Find_BesideChanges_FindsWhatStaysAndNothingElse()
    {
        const uint Stays = 7;
        using Machine machine = new(new MachineOptions { Frames = 16 });
        (AddressSpace stays, AddressSpace comes) = (machine.Spawn().Space, machine.Spawn().Space);
        machine.Rest();
        SpaceTable table = new();
        table.Add(Stays, stays);
        int working = 1;
        int wrong = 0;
        void Change()
        {
            for (uint round = 1; round < 200_000; round++)
            {
                uint id = Stays + (16 * (1 + (round % 5)));
                table.Add(id, comes);
                table.Add(id - 1, comes);
                table.Remove(id);
                table.Remove(id - 1);
            }

            Volatile.Write(ref working, 0);
        }

        void Look()
        {
            while (Volatile.Read(ref working) != 0)
            {
                wrong += table.Find(Stays) == stays ? 0 : 1;
                wrong += table.Find(Stays + 16) is { } found && found != comes ? 1 : 0;
                wrong += table.Find(5) is null ? 0 : 1;
            }
        }

        await Threads.RunAll(Change, Look);

        Assert.Equal(0, wrong);
    }
}
