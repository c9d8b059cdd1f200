using System;
using FastKsm.Scripting.Syntax;

namespace FastKsm.Scripting.Running;

/// <content>Processes and mappings.</content>
public sealed partial class ScriptRunner
{
    private bool PerformMapping(Operation operation)
    {
        switch (operation)
        {
            case Operation.Spawn o:
                Spawn(o);
                return true;
            case Operation.Fork o:
                Fork(o);
                return true;
            case Operation.Exec o:
                _performer.Exec(Living(o.Process).Number);
                Find(o.Process).Exec();
                return true;
            case Operation.ExitProcess o:
                _performer.ExitProcess(Living(o.Process).Number);
                Find(o.Process).HasExited = true;
                return true;
            case Operation.Thread o:
                SwitchThread(o);
                return true;
            case Operation.Cpu o:
                _performer.SwitchCpu(Living(o.Process).Number, o.Number);
                return true;
            case Operation.Map o:
                Map(o);
                return true;
            case Operation.Unmap o:
                Unmap(o);
                return true;
            case Operation.Protect o:
                OnRuns(o.Process, o.Pages, (process, run) => _performer.Protect(process, run, o.Protection));
                return true;
            case Operation.Advise o:
                if (o.Advice is MemoryAdvice.PopulateRead or MemoryAdvice.PopulateWrite)
                {
                    TouchAll(o.Process, o.Pages);
                }

                OnRuns(o.Process, o.Pages, (process, run) => _performer.Advise(process, run, o.Advice));
                return true;
            case Operation.Remap o:
                Remap(o);
                return true;
            case Operation.Break o:
                Break(o);
                return true;
            case Operation.Lock o:
                TouchAll(o.Process, o.Pages);
                OnRuns(o.Process, o.Pages, (process, run) => _performer.Lock(process, run, locked: true));
                return true;
            case Operation.Unlock o:
                OnRuns(o.Process, o.Pages, (process, run) => _performer.Lock(process, run, locked: false));
                return true;
            case Operation.Synchronise o:
                OnRuns(o.Process, o.Pages, _performer.Synchronise);
                return true;
            case Operation.UserFault o:
                OnRuns(o.Process, o.Pages, (process, run) => _performer.UserFault(process, run, o.WriteProtect));
                return true;
            default:
                return false;
        }
    }

    private void Spawn(Operation.Spawn operation)
    {
        RequireFresh(operation.Process);
        string group = (operation.Group ?? operation.Process).Text;
        ScriptProcess process = new(_lastProcess + 1, group);
        _performer.Spawn(process.Number, group, operation.RunsOn ?? 0);
        Adopt(operation.Process, process);
    }

    private void Fork(Operation.Fork operation)
    {
        ScriptProcess parent = Living(operation.Parent);
        RequireFresh(operation.Child);
        ScriptProcess child = parent.Fork(_lastProcess + 1);
        _performer.Fork(parent.Number, child.Number);
        Adopt(operation.Child, child);
    }

    private void SwitchThread(Operation.Thread operation)
    {
        ScriptProcess process = Living(operation.Process);
        if (operation.Number > process.Threads)
        {
            throw Bad(
                operation.Position,
                $"thread {operation.Number} of {operation.Process}: threads begin in order, and the next one is {process.Threads}");
        }

        _performer.SwitchThread(process.Number, operation.Number);
        process.Threads = Math.Max(process.Threads, operation.Number + 1);
    }

    private void Adopt(Name name, ScriptProcess process)
    {
        _lastProcess = process.Number;
        _processes[name.Text] = process;
    }

    private void Map(Operation.Map operation)
    {
        ScriptProcess process = Living(operation.Process);
        RequireFreeName(process, operation.Region);
        ulong bytes = operation.Pages * (ulong)_performer.PageSize;
        bool isNext = operation.Settings.At is null;
        ulong? at = operation.Settings.At is { } target ? AddressOf(process, target) : process.NextPlace(bytes);
        ulong address = _performer.Map(process.Number, operation.Pages, operation.Settings, at);
        process.Take(address, bytes, isNext);
        process.Bind(operation.Region.Text, new ScriptRegion(address, operation.Pages, IsReleased: false));
    }

    private void Unmap(Operation.Unmap operation)
    {
        ScriptProcess process = Living(operation.Process);
        OnRuns(operation.Process, operation.Pages, _performer.Unmap);
        if (operation.Pages.Pages is null)
        {
            Release(process, operation.Pages.Region);
        }
    }

    private void Break(Operation.Break operation)
    {
        ScriptProcess process = Living(operation.Process);
        ulong address = _performer.Break(process.Number, operation.Pages);
        process.Take(address, operation.Pages * (ulong)_performer.PageSize, isNext: false);
        process.Bind(operation.Region.Text, new ScriptRegion(address, operation.Pages, IsReleased: false));
    }

    private void Remap(Operation.Remap operation)
    {
        RemapSettings settings = operation.Settings;
        ScriptProcess process = Living(operation.Process);
        (ScriptRegion region, ulong first, ulong pages) = Stretch(process, operation.Pages);
        bool isWhole = pages == region.Pages;
        if (settings.As is { } fresh && !(isWhole && fresh == operation.Pages.Region))
        {
            RequireFreeName(process, fresh);
        }
        else if (settings.As is null && !isWhole && (settings.Move || settings.MayMove))
        {
            throw Bad(operation.Pages.Region.Position, "pages that move away from their region need a name: as=REGION");
        }

        ulong pageSize = (ulong)_performer.PageSize;
        ulong source = region.Address + (first * pageSize);
        ulong newPages = settings.Pages ?? pages;
        ulong? to = settings.Move ? process.NextPlace(newPages * pageSize) : null;
        to = settings.To is { } target ? AddressOf(process, target) : to;
        RemapRequest request = new(
            new PageRun(source, pages), newPages, settings.MayMove || to is not null, to, settings.DontUnmap);
        ulong address = _performer.Remap(process.Number, request);
        process.Take(address, newPages * pageSize, settings.Move);

        ScriptRegion moved = new(address, newPages, IsReleased: false);
        if (settings.As is { } name)
        {
            if (isWhole && !settings.DontUnmap)
            {
                Release(process, operation.Pages.Region);
            }

            process.Bind(name.Text, moved);
        }
        else if (isWhole)
        {
            process.Bind(operation.Pages.Region.Text, moved);
        }
        else if (address == source && first + newPages > region.Pages)
        {
            process.Bind(operation.Pages.Region.Text, region with { Pages = first + newPages });
        }
    }

    private static void Release(ScriptProcess process, Name region) =>
        process.Bind(region.Text, process.Regions[region.Text] with { IsReleased = true });

    private void OnRuns(Name name, PageRange range, Action<int, PageRun> action)
    {
        ScriptProcess process = Living(name);
        foreach ((PageRun run, _) in Runs(process, range))
        {
            action(process.Number, run);
        }
    }

    // For operations that visit every page of a run themselves.
    private void TouchAll(Name name, PageRange range)
    {
        (_, _, ulong pages) = Stretch(Living(name), range);
        Touch(CountOf(range, pages));
    }
}
