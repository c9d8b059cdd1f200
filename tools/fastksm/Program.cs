namespace FastKsm.Cli;

/// <summary>Entry point.</summary>
internal static class Program
{
    private static int Main(string[] args) => CommandLine.Run(args);
}
