using System;
using System.Collections.Generic;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Scripting.Reading;

/// <summary>Reads one operation.</summary>
internal static partial class OperationReader
{
    private const int MaxControlArguments = 4;

    /// <summary>Reads the operation of a line; words behind it stay.</summary>
    internal static Operation Read(LineReader line)
    {
        Token keyword = line.Next("an operation");
        line.Usage = OperationSyntax.UsageOf(keyword.Text) ?? throw line.Error(
            keyword.Position,
            $"there is no operation {Quote.Of(keyword.Text)}{Spelling.Suggest(keyword.Text, OperationSyntax.Keywords)}");
        ArgumentReader arguments = new(line);
        return ReadMapping(keyword, arguments)
            ?? ReadAccess(keyword, arguments)
            ?? ReadControl(keyword, arguments)
            ?? ReadCheck(keyword, arguments)
            ?? throw new InvalidOperationException($"{keyword.Text} has a usage but no reader.");
    }

    private static Operation? ReadMapping(Token keyword, ArgumentReader a)
    {
        SourcePosition at = keyword.Position;
        return keyword.Text switch
        {
            "spawn" => ReadSpawn(at, a),
            "fork" => new Operation.Fork(at, a.Process(), a.Name("a child")),
            "exec" => new Operation.Exec(at, a.Process()),
            "exit" => new Operation.ExitProcess(at, a.Process()),
            "thread" => new Operation.Thread(at, a.Process(), Unit(a, "a thread")),
            "cpu" => new Operation.Cpu(at, a.Process(), Unit(a, "a CPU")),
            "idle" => new Operation.Idle(at, Unit(a, "a CPU")),
            "map" => new Operation.Map(at, a.Process(), a.Name("a region"), a.PageCount(), ReadMapSettings(a)),
            "unmap" => new Operation.Unmap(at, a.Process(), a.Pages()),
            "protect" => new Operation.Protect(at, a.Process(), a.Pages(), a.Word(Words.Protections, "a protection")),
            "advise" => new Operation.Advise(at, a.Process(), a.Pages(), a.Word(Words.Advice, "an advice")),
            "remap" => ReadRemap(at, a),
            "brk" => new Operation.Break(at, a.Process(), a.Name("a region"), a.PageCount(least: 0)),
            "lock" => new Operation.Lock(at, a.Process(), a.Pages()),
            "unlock" => new Operation.Unlock(at, a.Process(), a.Pages()),
            "sync" => new Operation.Synchronise(at, a.Process(), a.Pages()),
            "userfault" => new Operation.UserFault(at, a.Process(), a.Pages(), a.Word(Words.UserFaults, "an action")),
            _ => null,
        };
    }

    private static Operation? ReadAccess(Token keyword, ArgumentReader a)
    {
        SourcePosition at = keyword.Position;
        return keyword.Text switch
        {
            "fill" => new Operation.Fill(at, a.Process(), a.Pages(), a.Pattern(mayBeBare: false)),
            "write" => new Operation.Write(at, a.Process(), a.Place(), a.Content()),
            "poke" => new Operation.Poke(at, a.Process(), a.Byte(), a.Bytes()),
            "read" => new Operation.Read(at, a.Process(), a.Pages()),
            "populate" => new Operation.Populate(at, a.Process(), a.Pages(), a.Word(Words.ForWriting, "an access")),
            "pin" => new Operation.Pin(at, a.Process(), a.Pages(), a.Word(Words.Pins, "a purpose")),
            "unpin" => new Operation.Unpin(at, a.Process(), a.Pages()),
            "force-write" => new Operation.ForceWrite(at, a.Process(), a.Place(), a.Content()),
            "direct-io" => new Operation.DirectIo(
                at, a.Process(), a.Pages(), a.Word(Words.ForWriting, "a direction") ? null : a.Content()),
            _ => null,
        };
    }

    private static Operation? ReadControl(Token keyword, ArgumentReader a)
    {
        SourcePosition at = keyword.Position;
        return keyword.Text switch
        {
            "machine" => new Operation.Machine(at, ReadMachineSettings(a)),
            "ksm" => new Operation.Knobs(at, ReadKnobs(a)),
            "prctl" => ReadControlOfMerging(at, a),
            "run" => new Operation.Run(at, (int)a.Number("a value", 0, 2)),
            "scan" => new Operation.Scan(at, ReadCount(a)),
            "batch" => new Operation.Batch(at, ReadCount(a)),
            "advance" => new Operation.Advance(at, a.Duration()),
            "advisor-cpu" => new Operation.AdvisorCpu(at, a.Duration()),
            "migrate" => new Operation.Migrate(at, a.Process(), a.Pages(), a.Line.HasMore ? ReadNode(a) : null),
            "pageout" => new Operation.PageOut(at, a.Process(), a.Pages()),
            "reclaim" => new Operation.Reclaim(at, a.Name("a group"), a.PageCount()),
            "limit" => ReadLimit(at, a),
            "swapon" => new Operation.SwapOn(at, a.Name("a device"), a.PageCount(), ReadSwapSettings(a)),
            "swapoff" => new Operation.SwapOff(at, a.Name("a device")),
            "offline" => new Operation.Offline(at, ReadNode(a)),
            "online" => new Operation.Online(at, ReadNode(a)),
            _ => null,
        };
    }

    private static int Unit(ArgumentReader arguments, string what) => (int)arguments.Number(what, 0, ScriptLimits.MaxUnit);

    private static int ReadCount(ArgumentReader arguments) =>
        arguments.Line.HasMore ? (int)arguments.Number("a count", 1, ScriptLimits.MaxScans) : 1;

    private static int ReadNode(ArgumentReader arguments)
    {
        OptionReader option = new(arguments);
        if (!option.Next())
        {
            _ = arguments.Line.Next("node=N");
        }

        return string.Equals(option.Key, "node=", StringComparison.Ordinal) ? option.Unit("a node") : throw option.Unknown("node=N");
    }

    private static ValueList<KnobSetting> ReadKnobs(ArgumentReader arguments)
    {
        const string Form = "a knob and its value (KNOB=VALUE)";
        List<KnobSetting> settings = [];
        do
        {
            Token token = arguments.Line.Next(Form);
            TokenCursor cursor = new(arguments.Line, token, Form);
            Name knob = cursor.Name();
            cursor.Skip("=");
            settings.Add(new KnobSetting(knob.Text, cursor.Rest.ToString(), token.Position));
        }
        while (arguments.Line.HasMore);
        return [.. settings];
    }

    private static Operation ReadControlOfMerging(SourcePosition at, ArgumentReader arguments)
    {
        const string Form = "merge=on, merge=off, set or get";
        Name process = arguments.Process();
        Token token = arguments.Line.Next(Form);
        if (token.Text is "merge=on" or "merge=off")
        {
            return new Operation.MergeAnything(at, process, token.Text is "merge=on");
        }

        if (!Words.Controls.TryFind(token.Text, out bool sets))
        {
            throw arguments.Line.Expected(token, Form);
        }

        List<ulong> values = [];
        while (arguments.Line.HasMore && values.Count < MaxControlArguments)
        {
            values.Add(arguments.Number("an argument", 0, ulong.MaxValue));
        }

        return new Operation.MergeControl(at, process, sets, [.. values]);
    }

    private static Operation.Limit ReadLimit(SourcePosition at, ArgumentReader arguments)
    {
        Name group = arguments.Name("a group");
        ulong? pages = arguments.Line.TryTake("none") ? null : arguments.PageCount(least: 0);
        ulong? swap = null;
        OptionReader option = new(arguments);
        while (option.Next())
        {
            swap = string.Equals(option.Key, "swap=", StringComparison.Ordinal)
                ? option.PagesOrNone()
                : throw option.Unknown("swap=PAGES or swap=none");
        }

        return new Operation.Limit(at, group, pages, swap);
    }
}
