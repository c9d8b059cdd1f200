using BenchmarkDotNet.Running;

namespace FastKsm.Perf;

/// <summary>Entry point: BenchmarkDotNet's own switches.</summary>
internal static class Program
{
    private static void Main(string[] args) => BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
}
