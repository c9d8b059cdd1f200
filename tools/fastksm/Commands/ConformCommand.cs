using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Threading;
using FastKsm.Cli.Conformance;
using FastKsm.Cli.Conformance.Kernel;
using FastKsm.Cli.Output;
using FastKsm.Scripting.Engine;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Cli.Commands;

/// <summary><c>fastksm conform</c>: performs workload scripts on the engine and on the running kernel, and compares.</summary>
internal static class ConformCommand
{
    internal static Command Create()
    {
        Argument<string[]> files = new("FILE")
        {
            Description = "Scripts, or folders of scripts (*.ksm).",
            Arity = ArgumentArity.ZeroOrMore,
        };
        Option<bool> json = new("--json") { Description = "Print one JSON object instead of tables." };
        Option<string> index = new("--index")
        {
            Description = "How the engine finds equal pages: by fingerprint, by Linux's trees, or both side by side.",
            DefaultValueFactory = _ => "both",
        };
        index.AcceptOnlyFromAmong("tree", "fingerprint", "both");
        Option<bool> unmergeOthers = new("--unmerge-others")
        {
            Description = "Go on although other processes have mergeable memory: it is unmerged, and what ksmd does with it counts as well.",
        };
        Command command = new("conform", "Perform workload scripts on the engine and on the running kernel, and compare every counter after every scan.")
        {
            files, json, index, unmergeOthers,
        };
        command.SetAction(parsed => Run(
            parsed.GetValue(files) ?? [],
            IndexesOf(parsed.GetValue(index)!),
            parsed.GetValue(json),
            parsed.GetValue(unmergeOthers),
            parsed.InvocationConfiguration.Output));
        return command;
    }

    private static ScannerIndex[] IndexesOf(string option) => option switch
    {
        "tree" => [ScannerIndex.Tree],
        "fingerprint" => [ScannerIndex.Fingerprint],
        _ => [ScannerIndex.Tree, ScannerIndex.Fingerprint],
    };

    private static int Run(string[] files, ScannerIndex[] indexes, bool json, bool unmergeOthers, TextWriter output)
    {
        if (files.Length == 0)
        {
            throw new ToolException(ExitCode.BadInput, "conform: name a script, or ask for random ones: --random N.");
        }

        Script[] scripts = [.. files.SelectMany(ScriptsOf).Select(file => ScriptFile.Read("conform", file))];
        using CancellationTokenSource cancellation = new();
        int signal = 0;
        void Stop(PosixSignalContext context)
        {
            // A second one ends the tool at once; the agent puts KSM's settings back all the same.
            context.Cancel = !cancellation.IsCancellationRequested;
            signal = context.Signal == PosixSignal.SIGINT ? 2 : 15;
            cancellation.Cancel();
        }

        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        try
        {
            using KernelSession session = KernelSession.Begin(unmergeOthers, cancellation.Token);
            ConformReport report = new(indexes, output, json);
            foreach (Script script in scripts)
            {
                report.Add(Compare(script, indexes, session));
            }

            return report.End();
        }
        catch (OperationCanceledException)
        {
            throw new ToolException(ExitCode.Signalled + signal, "conform: interrupted; KSM's settings are back.");
        }
    }

    private static ComparisonResult Compare(Script script, ScannerIndex[] indexes, KernelSession session)
    {
        ConformanceSide[] sides = ConformanceSides.Create(indexes, session);
        try
        {
            ComparisonResult result = new ScriptComparison(script, sides).Perform();
            return result.Outcome == ComparisonOutcome.BadScript
                ? throw new ToolException(ExitCode.BadInput, result.Reason)
                : result;
        }
        finally
        {
            foreach (ConformanceSide side in sides)
            {
                side.Dispose();
            }
        }
    }

    private static IEnumerable<string> ScriptsOf(string path) => Directory.Exists(path)
        ? Directory.EnumerateFiles(path, "*.ksm", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
        : [path];
}
