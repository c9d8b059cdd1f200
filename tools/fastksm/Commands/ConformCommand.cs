using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Threading;
using FastKsm.Cli.Conformance;
using FastKsm.Cli.Conformance.Generation;
using FastKsm.Cli.Conformance.Kernel;
using FastKsm.Cli.Output;
using FastKsm.Scripting.Engine;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Cli.Commands;

/// <summary><c>fastksm conform</c>: performs workload scripts on the engine and on the running kernel, and compares.</summary>
internal static class ConformCommand
{
    private const ulong SwapBytes = 64 << 20;

    // Shrinking takes up to minutes, and what many scripts differ in is mostly one thing.
    private const int MaxShrunk = 3;

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
        Option<int?> random = new("--random")
        {
            Description = "Compare so many random scripts; what differs is shrunk to a minimal script and printed, the first three times.",
            HelpName = "N",
        };
        Option<ulong?> seed = new("--seed")
        {
            Description = "Seed of the first random script; the next ones follow. Default: by the clock.",
            HelpName = "S",
        };
        Option<string?> profile = new("--profile")
        {
            Description = "Shape of all random scripts; default: each seed draws one.",
        };
        profile.AcceptOnlyFromAmong([.. GeneratorProfile.All.Select(known => known.Name)]);
        Option<bool> unmergeOthers = new("--unmerge-others")
        {
            Description = "Go on although other processes have mergeable memory: it is unmerged, and what ksmd does with it counts as well.",
        };
        Option<bool> swap = new("--swap")
        {
            Description = $"Give the host {SwapBytes >> 20} MiB of swap in memory (zram, or else a file) for the run, for scripts that page out.",
        };
        Option<bool> despiteTraits = new("--despite-traits")
        {
            Description = "Go on although the kernel has a trait that the engine does not know: most scripts will differ.",
        };
        Command command = new("conform", "Perform workload scripts on the engine and on the running kernel, and compare every counter after every scan.")
        {
            files, random, seed, profile, json, index, unmergeOthers, swap, despiteTraits,
        };
        command.SetAction(parsed => Run(
            new Request(
                parsed.GetValue(files) ?? [],
                parsed.GetValue(random),
                parsed.GetValue(seed),
                parsed.GetValue(profile) is { } name ? GeneratorProfile.Find(name) : null,
                IndexesOf(parsed.GetValue(index)!),
                parsed.GetValue(json),
                parsed.GetValue(unmergeOthers),
                parsed.GetValue(swap),
                parsed.GetValue(despiteTraits)),
            parsed.InvocationConfiguration.Output));
        return command;
    }

    private static ScannerIndex[] IndexesOf(string option) => option switch
    {
        "tree" => [ScannerIndex.Tree],
        "fingerprint" => [ScannerIndex.Fingerprint],
        _ => [ScannerIndex.Tree, ScannerIndex.Fingerprint],
    };

    private static int Run(Request request, TextWriter output)
    {
        Check(request);
        Script[] scripts = [.. request.Files.SelectMany(ScriptsOf).Select(file => ScriptFile.Read("conform", file))];
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
            using KernelSession session = KernelSession.Begin(request.UnmergeOthers, cancellation.Token);
            if (request.Swap)
            {
                session.BeginSwap(SwapBytes);
            }

            ConformReport report = new(request.Indexes, output, request.Json, session.Traits);
            RequireFit(request, session);
            foreach (Script script in scripts)
            {
                report.Add(Compare(script, request.Indexes, session));
            }

            if (request.Random is { } count)
            {
                CompareRandom(request, (ulong)count, session, report);
            }

            return report.End();
        }
        catch (OperationCanceledException)
        {
            throw new ToolException(ExitCode.Signalled + signal, "conform: interrupted; KSM's settings are back.");
        }
    }

    // One message for a trait that the engine does not know, instead of a difference for each script. Where other processes' pages
    // count as well, every script may differ, and that says nothing about the kernel.
    private static void RequireFit(Request request, KernelSession session)
    {
        if (!request.DespiteTraits && !request.UnmergeOthers && HostFit.FindMisfit(() => ConformanceSides.Create(request.Indexes, session)) is { } misfit)
        {
            throw new ToolException(
                ExitCode.NotPermitted,
                $"conform: this kernel is of a kind that the engine does not know: {misfit} Nothing else was compared "
                + "(--despite-traits goes on).");
        }
    }

    private static void Check(Request request)
    {
        if (request.Files.Length == 0 && request.Random is null)
        {
            throw new ToolException(ExitCode.BadInput, "conform: name a script, or ask for random ones: --random N.");
        }

        if (request.Random is < 1)
        {
            throw new ToolException(ExitCode.BadInput, $"conform: --random takes a number from 1 on, not {request.Random}.");
        }

        if ((request.Seed is not null || request.Profile is not null) && request.Random is null)
        {
            throw new ToolException(ExitCode.BadInput, "conform: --seed and --profile are for random scripts: --random N.");
        }
    }

    private static void CompareRandom(Request request, ulong count, KernelSession session, ConformReport report)
    {
        ulong first = request.Seed ?? (ulong)Environment.TickCount64;
        report.BeginRandom(count, first);
        RandomConformance random = new(() => ConformanceSides.Create(request.Indexes, session), request.Profile);
        int differing = 0;
        for (ulong seed = first; seed != first + count; seed++)
        {
            ComparisonResult result = random.Compare(seed);
            report.AddRandom(result);
            if (result.Outcome == ComparisonOutcome.Differs && ++differing <= MaxShrunk)
            {
                (Script script, ComparisonResult shrunk) = random.Shrink(seed);
                report.AddShrunk(seed, script, shrunk);
            }
        }

        report.EndRandom(random.Coverage);
    }

    private static ComparisonResult Compare(Script script, ScannerIndex[] indexes, KernelSession session)
    {
        ComparisonResult result = ScriptConformance.Compare(script, indexes, session);
        return result.Outcome == ComparisonOutcome.BadScript
            ? throw new ToolException(ExitCode.BadInput, result.Reason)
            : result;
    }

    private static IEnumerable<string> ScriptsOf(string path) => Directory.Exists(path)
        ? Directory.EnumerateFiles(path, "*.ksm", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
        : [path];

    private sealed record Request(
        string[] Files, int? Random, ulong? Seed, GeneratorProfile? Profile, ScannerIndex[] Indexes, bool Json, bool UnmergeOthers, bool Swap,
        bool DespiteTraits);
}
