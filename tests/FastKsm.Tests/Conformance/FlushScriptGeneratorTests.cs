using System;
using System.Collections.Generic;
using System.Linq;
using FastKsm.Cli.Conformance.Generation;
using FastKsm.Scripting.Printing;
using FastKsm.Scripting.Syntax;
using Xunit;

namespace FastKsm.Tests.Conformance;

/// <summary>The scripts that <c>fastksm conform --tlb --random</c> makes.</summary>
public sealed class FlushScriptGeneratorTests
{
    [Fact]
    public void Generate_SameSeed_SameScript()
    {
        Assert.Equal(Text(7, hasHugePages: true), Text(7, hasHugePages: true));
        Assert.NotEqual(Text(7, hasHugePages: true), Text(8, hasHugePages: true), StringComparer.Ordinal);
    }

    [Fact]
    public void Generate_ManySeeds_DoesEverythingThatFlushes()
    {
        Operation[] all = [.. Seeds().SelectMany(
            seed => FlushScriptGenerator.Generate(seed, hasHugePages: true).Operations)];

        Assert.Superset(
            (HashSet<Type>)[
                typeof(Operation.Thread), typeof(Operation.Fork), typeof(Operation.ExitProcess), typeof(Operation.Map),
                typeof(Operation.Unmap), typeof(Operation.Protect), typeof(Operation.Remap), typeof(Operation.Fill),
                typeof(Operation.Write), typeof(Operation.Read), typeof(Operation.Populate), typeof(Operation.Scan)],
            all.Select(operation => operation.GetType()).ToHashSet());
        Assert.Superset(
            (HashSet<MemoryAdvice>)[MemoryAdvice.DontNeed, MemoryAdvice.Free, MemoryAdvice.Cold],
            all.OfType<Operation.Advise>().Select(advise => advise.Advice).ToHashSet());
        Assert.Contains(all, operation => operation is Operation.Map { Settings.Huge: true });
        Assert.Contains(all, operation => operation is Operation.Map { Settings.File: true });
    }

    [Fact]
    public void Generate_WithoutHugePages_AsksForNone() => Assert.DoesNotContain(
        Seeds().SelectMany(seed => FlushScriptGenerator.Generate(seed, hasHugePages: false).Operations),
        operation => operation is Operation.Map { Settings.Huge: true });

    // A CPU that a process has left stays its own for as long as the kernel likes.
    [Fact]
    public void Generate_ManySeeds_MovesAThreadOnlyAtItsBeginning() => Assert.All(Seeds(), seed => Assert.True(
        FlushScriptGenerator.Generate(seed, hasHugePages: true).Operations.Select((operation, i) => (operation, i))
            .All(entry => entry.operation is not Operation.Cpu || entry.i == 3)));

    private static IEnumerable<ulong> Seeds() => Enumerable.Range(1, 100).Select(seed => (ulong)seed);

    private static string Text(ulong seed, bool hasHugePages) =>
        ScriptPrinter.Print(FlushScriptGenerator.Generate(seed, hasHugePages).Operations);
}
