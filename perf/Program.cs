using System;
using BenchmarkDotNet.Running;
using FastKsm.Perf.Versus;

namespace FastKsm.Perf;

/// <summary>Entry point: <c>versus</c> compares side by side, anything else goes to BenchmarkDotNet.</summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        if (args.Length != 0 && string.Equals(args[0], "versus", StringComparison.Ordinal))
        {
            return VersusCommand.Run(args[1..]);
        }

        if (args.Length == 2 && string.Equals(args[0], HeldMemory.Argument, StringComparison.Ordinal))
        {
            return HeldMemory.Hold(args[1]);
        }

        if (args.Length == 3 && string.Equals(args[0], MergeableProcess.Argument, StringComparison.Ordinal))
        {
            return MergeableProcess.Hold(args[1], args[2]);
        }

        BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
        return 0;
    }
}
