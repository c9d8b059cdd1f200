using System;
using System.Globalization;
using System.IO;
using FastKsm;

// A simulator in sixty lines: two workers on two CPUs hold the same 512 pages, a stack grows on a guard page, ksmd merges what is
// equal, and a write takes a merged page apart again. Run it: dotnet run -c Release --project tools/samples/CSharp
const ulong Page = 4096;
const ulong Heap = 512 * Page;
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
TextWriter output = Console.Out;

using Machine machine = new(new MachineOptions { Frames = 4096, Cpus = 2, BackgroundCpu = 1 });
machine.Ksm.Write("run", "1");
machine.Ksm.Write("pages_to_scan", "100000");

// The first worker fills its heap; the second is its child, and loads the same content anew on another CPU.
Cpu first = machine.Cpus[0];
Cpu second = machine.Cpus[1];
ModelProcess parent = machine.Spawn();
first.Run(parent);
ulong heap = first.Map(Heap, new MapOptions());
first.Advise(heap, Heap, Advice.Mergeable);
ModelProcess child = first.Fork();
second.Run(child);
for (ulong page = 0; page < Heap / Page; page++)
{
    first.WritePage(heap + (page * Page), content: page + 1);
    second.WritePage(heap + (page * Page), content: page + 1);
}

output.WriteLine($"written   {4096 - machine.FreeFrames} frames in use");

// A guard page: the access that meets it costs no exception, and says where and why it ended.
ulong stack = first.Map(4 * Page, new MapOptions());
first.Protect(stack, Page, Protection.None);
if (!first.TryWrite(stack + Page - 8, new byte[16], out Access access))
{
    output.WriteLine($"guard     {access.Status} at page {(access.Address - stack) / Page} of the stack: it grows");
    first.Protect(stack, Page, Protection.Read | Protection.Write);
}

_ = first.TryWrite(stack + Page - 8, new byte[16], out access);
output.WriteLine($"grown     {access.Status} with {access.Faults} faults, the last one {access.Fault}");

// ksmd: the first scan takes checksums, the second merges.
_ = machine.Ksm.Scan();
_ = machine.Ksm.Scan();
KsmCounters counters = machine.Ksm.Counters;
output.WriteLine(
    $"merged    pages_shared {counters.PagesShared}, pages_sharing {counters.PagesSharing}, "
    + $"general_profit {counters.GeneralProfit:N0} B, {4096 - machine.FreeFrames} frames in use");

// A write to a merged page copies it.
_ = second.TryTouch(heap, AccessKind.Write, out access);
output.WriteLine($"written   {access.Fault}: frame {access.Frame}, {machine.CowKsm} merged frame copied");
second.Exit();
first.Exit();
machine.Validate();
output.WriteLine($"ended     {machine.FreeFrames} frames free");
