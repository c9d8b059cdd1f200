
namespace FastKsm.Tests.TestKit;

/// <summary>Machines, processes and pages as tests want them.</summary>
internal static class Machines
{
    internal const ulong Page = 4096;

    /// <summary>A small machine that keeps every byte.</summary>
    internal static Machine Small(long frames = 1024, int cpus = 1, int nodes = 1, int maxMapCount = 65530) =>
        new(new MachineOptions { Frames = frames, Cpus = cpus, Nodes = nodes, MaxMapCount = maxMapCount });

    /// <summary>Maps private anonymous pages at an address, readable and writable unless said otherwise.</summary>
    internal static ulong MapAt(
        this ModelProcess process, ulong page, ulong pages, Protection protection = Protection.Read | Protection.Write) =>
        process.Map(pages * Page, new MapOptions { At = page * Page, Protection = protection });

    /// <summary>Maps pages where there is room.</summary>
    internal static ulong MapPages(this ModelProcess process, ulong pages) => process.Map(pages * Page, new MapOptions());

    /// <summary>Writes one byte.</summary>
    internal static void Poke(this ModelProcess process, ulong address, byte value) => process.On().Write(address, [value]);

    /// <summary>Reads one byte.</summary>
    internal static byte Peek(this ModelProcess process, ulong address)
    {
        byte[] value = new byte[1];
        process.On().Read(address, value);
        return value[0];
    }

    /// <summary>Writes one byte in each of some pages.</summary>
    internal static void Touch(this ModelProcess process, ulong address, int pages, byte value = 1)
    {
        for (int i = 0; i < pages; i++)
        {
            process.Poke(address + ((ulong)i * Page), value);
        }
    }
}
