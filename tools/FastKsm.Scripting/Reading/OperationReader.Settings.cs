using FastKsm.Scripting.Syntax;

namespace FastKsm.Scripting.Reading;

/// <content>Operations with options.</content>
internal static partial class OperationReader
{
    private static Operation.Spawn ReadSpawn(SourcePosition at, ArgumentReader arguments)
    {
        Name process = arguments.Process();
        Name? group = null;
        int? cpu = null;
        OptionReader option = new(arguments);
        while (option.Next())
        {
            switch (option.Key)
            {
                case "group=":
                    group = option.Name("a group");
                    break;
                case "cpu=":
                    cpu = option.Unit("a CPU");
                    break;
                default:
                    throw option.Unknown("group=NAME, cpu=N");
            }
        }

        return new Operation.Spawn(at, process, group, cpu);
    }

    private static MachineSettings ReadMachineSettings(ArgumentReader arguments)
    {
        MachineSettings settings = new();
        OptionReader option = new(arguments);
        while (option.Next())
        {
            settings = option.Key switch
            {
                "frames=" => settings with { Frames = (long)option.Number("a number of frames", 1, long.MaxValue) },
                "cpus=" => settings with { Cpus = Positive(option, "a number of CPUs") },
                "nodes=" => settings with { Nodes = Positive(option, "a number of nodes") },
                "page_size=" => settings with { PageSize = Positive(option, "a page size") },
                "content=" => settings with { Content = option.Word(Words.Contents, "a content") },
                "max_map_count=" => settings with { MaxMapCount = Positive(option, "a number of mappings") },
                "zero_page_colours=" => settings with { ZeroPageColours = Positive(option, "a number of zero frames") },
                "zero_frame_reads=" => settings with { ZeroFrameReads = option.Word(Words.Switch, "a switch") },
                "zero_frame_splits=" => settings with { ZeroFrameSplits = option.Word(Words.Switch, "a switch") },
                "merge_flushes=" => settings with { MergeFlushes = option.Word(Words.MergeFlushes, "a way to flush") },
                _ => throw option.Unknown("see usage"),
            };
        }

        return settings;
    }

    private static MapSettings ReadMapSettings(ArgumentReader arguments)
    {
        MapSettings settings = new();
        OptionReader option = new(arguments);
        while (option.Next())
        {
            if (Words.Protections.TryFind(option.Key, out Protection protection))
            {
                option.Once("PROTECTION");
                settings = settings with { Protection = protection };
                continue;
            }

            settings = option.Key switch
            {
                "shared" => settings with { Shared = true },
                "file" => settings with { File = true },
                "huge" => settings with { Huge = true },
                "noreserve" => settings with { NoReserve = true },
                "at=" => settings with { At = option.Target() },
                "node=" => settings with { Node = option.Unit("a node") },
                _ => throw option.Unknown($"{Words.Protections.Allowed}, shared, file, huge, noreserve, at=, node="),
            };
        }

        return settings;
    }

    private static Operation.Remap ReadRemap(SourcePosition at, ArgumentReader arguments)
    {
        Name process = arguments.Process();
        PageRange pages = arguments.Pages();
        if (pages.Pages is { Step: > 1 })
        {
            throw arguments.Line.Error(pages.Region.Position, "remap takes pages without a step");
        }

        RemapSettings settings = new();
        if (arguments.Line.HasMore && char.IsAsciiDigit(arguments.Line.Peek().Text[0]))
        {
            settings = settings with { Pages = arguments.PageCount() };
        }

        OptionReader option = new(arguments);
        while (option.Next())
        {
            if (option.Key is "maymove" or "move" or "to=")
            {
                option.Once("maymove, move or to=");
            }

            settings = option.Key switch
            {
                "maymove" => settings with { MayMove = true },
                "move" => settings with { Move = true },
                "to=" => settings with { To = option.Target() },
                "dontunmap" => settings with { DontUnmap = true },
                "as=" => settings with { As = option.Name("a region") },
                _ => throw option.Unknown("maymove, move, to=, dontunmap, as="),
            };
        }

        bool moves = settings.Move || settings.To is not null;
        if (settings.Pages is null && !moves)
        {
            throw arguments.Line.Error(at, "remap needs a size, move or to=");
        }

        if (settings.To is { Address: null, Place: null })
        {
            throw arguments.Line.Error(at, "remap to=any is written move");
        }

        return settings.DontUnmap && !(moves && settings.Pages is null && settings.As is not null)
            ? throw arguments.Line.Error(at, "dontunmap needs move or to=, and as=, and no size")
            : new Operation.Remap(at, process, pages, settings);
    }

    private static SwapSettings ReadSwapSettings(ArgumentReader arguments)
    {
        SwapSettings settings = new();
        OptionReader option = new(arguments);
        while (option.Next())
        {
            settings = option.Key switch
            {
                "kind=" => settings with { Kind = option.Word(Words.SwapDevices, "a kind") },
                "priority=" => settings with { Priority = option.Signed("a priority", short.MinValue, short.MaxValue) },
                "bad=" => settings with { Bad = option.Slots() },
                "last_page=" => settings with { LastPage = option.Number("a slot", 0, uint.MaxValue) },
                "version=" => settings with { Version = (int)option.Number("a version", 0, int.MaxValue) },
                "magic=" => settings with { BadMagic = option.Word(s_badMagic, "a magic word") },
                _ => throw option.Unknown("kind=, priority=, bad=, last_page=, version=, magic="),
            };
        }

        return settings;
    }

    private static readonly WordTable<bool> s_badMagic = new(("bad", true), ("good", false));

    private static int Positive(OptionReader option, string what) => (int)option.Number(what, 1, int.MaxValue);
}
