using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;
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
        Option<bool> tlb = new("--tlb")
        {
            Description = "Compare TLB flush operations too, by a tracepoint; random scripts are about these.",
        };
        Option<bool> kernelOnly = new("--kernel-only")
        {
            Description = "With --tlb: without the engine; random scripts are performed twice.",
        };
        Command command = new("conform", "Perform workload scripts on the engine and on the running kernel, and compare every counter after every scan.")
        {
            files, random, seed, profile, json, index, unmergeOthers, swap, despiteTraits, tlb, kernelOnly,
        };
        command.SetAction(parsed => Run(
            new Request(
                parsed.GetValue(files) ?? [],
                parsed.GetValue(random),
                parsed.GetValue(seed),
                parsed.GetValue(profile) is { } name ? GeneratorProfile.Find(name) : null,
                parsed.GetValue(kernelOnly) ? [] : IndexesOf(parsed.GetValue(index)!),
                parsed.GetValue(json),
                parsed.GetValue(unmergeOthers),
                parsed.GetValue(swap),
                parsed.GetValue(despiteTraits),
                parsed.GetValue(tlb)),
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
        // However long it takes: KSM's settings are put back. A second signal ends the tool, and the agent puts them back all the same.
        using Interruption interruption = new(patience: null);
        try
        {
            using KernelSession session = KernelSession.Begin(request.UnmergeOthers, interruption.Token);
            if (request.Swap)
            {
                session.BeginSwap(SwapBytes);
            }

            if (request.Tlb)
            {
                session.BeginTrace();
            }

            ConformReport report = new(SidesOf(request), output, request.Json, session.Traits);
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
            throw new ToolException(interruption.ExitCodeOfSignal, "conform: interrupted; KSM's settings are back.");
        }
    }

    // One message for a trait that the engine does not know, instead of a difference for each script. Where other processes' pages
    // count as well, every script may differ, and that says nothing about the kernel.
    private static void RequireFit(Request request, KernelSession session)
    {
        bool mustFit = !request.DespiteTraits && !request.UnmergeOthers && !request.KernelOnly;
        if (mustFit && HostFit.FindMisfit(() => ConformanceSides.Create(request.Indexes, session)) is { } misfit)
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

        if (request.KernelOnly && !request.Tlb)
        {
            throw new ToolException(
                ExitCode.BadInput, "conform: --kernel-only goes with --tlb, as it alone needs no engine.");
        }

        if (request.Profile is not null && request.Tlb)
        {
            throw new ToolException(
                ExitCode.BadInput, "conform: --profile is for random scripts about merging, not for those of --tlb.");
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
        if (request.KernelOnly)
        {
            RepeatRandom(first, count, session, report);
            return;
        }

        RandomConformance random = new(
            () => ConformanceSides.Create(request.Indexes, session),
            seed => request.Tlb
                ? FlushScriptGenerator.Generate(seed, session.HasHugePages)
                : ScriptGenerator.Generate(seed, request.Profile));
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

    private static void RepeatRandom(ulong first, ulong count, KernelSession session, ConformReport report)
    {
        KernelRepetition repetition = new(session);
        for (ulong seed = first; seed != first + count; seed++)
        {
            report.AddRandom(repetition.Compare(FlushScriptGenerator.Generate(seed, session.HasHugePages)));
        }

        report.EndRandom(repetition.Tally);
    }

    private static string[] SidesOf(Request request) => request switch
    {
        { KernelOnly: true, Random: not null } => ["kernel", "kernel once more"],
        _ => [.. request.Indexes.Select(NameOf), "kernel"],
    };

    private static string NameOf(ScannerIndex index) =>
        index == ScannerIndex.Tree ? "engine (tree)" : "engine (fingerprint)";

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
        bool DespiteTraits, bool Tlb)
    {
        /// <summary>Whether nobody but the kernel performs.</summary>
        internal bool KernelOnly => Indexes.Length == 0;
    }
}
