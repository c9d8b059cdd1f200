using System;
using FastKsm.Scripting.Engine;
using FastKsm.Scripting.Running;

namespace FastKsm.Cli.Conformance;

/// <summary>One of those that perform a script side by side.</summary>
internal sealed class ConformanceSide : IDisposable
{
    private readonly Func<string?>? _doubt;
    private readonly Func<string?>? _intruder;
    private readonly Func<string?>? _noise;

    /// <param name="name">What it is called in reports.</param>
    /// <param name="performer">Who performs; nobody has started it. Disposed of with this object.</param>
    /// <param name="doubt">Why what it shows proves nothing; null as long as it does.</param>
    /// <param name="intruder">Who else has had a hand in it; null if nobody is to be seen. Asked where sides differ.</param>
    /// <param name="noise">What may have disturbed its flush operations; null if nothing is to be seen. Asked where they differ.</param>
    internal ConformanceSide(
        string name,
        IScriptPerformer performer,
        Func<string?>? doubt = null,
        Func<string?>? intruder = null,
        Func<string?>? noise = null)
    {
        _intruder = intruder;
        _noise = noise;
        Name = name;
        Performer = performer;
        _doubt = doubt;
    }

    /// <summary>What it is called in reports.</summary>
    internal string Name { get; }

    /// <summary>Whether it may differ from Linux once pages have changed between two batches of a scan.</summary>
    internal bool MayDifferWithinScans { get; private init; }

    /// <summary>Who performs.</summary>
    internal IScriptPerformer Performer { get; }

    /// <summary>Why what it shows proves nothing; null as long as it does.</summary>
    internal string? Doubt => _doubt?.Invoke();

    /// <summary>Who else has a hand in what it shows; null if nobody is to be seen.</summary>
    internal string? Intruder => _intruder?.Invoke();

    /// <summary>What may have disturbed its flush operations; null if nothing is to be seen.</summary>
    internal string? Noise => _noise?.Invoke();

    /// <summary>The engine with one of its indexes.</summary>
    /// <param name="index">The index.</param>
    /// <param name="machine">What a script does not say about its machine; null for the engine's defaults.</param>
    internal static ConformanceSide Engine(ScannerIndex index, MachineOptions? machine = null) => new(
        index == ScannerIndex.Tree ? "engine (tree)" : "engine (fingerprint)", new EnginePerformer(index, machine))
    {
        MayDifferWithinScans = index == ScannerIndex.Fingerprint,
    };

    /// <summary>Checks whatever it can check of itself.</summary>
    /// <exception cref="InvalidOperationException">It is in disorder.</exception>
    internal void Validate() => (Performer as EnginePerformer)?.Machine?.Validate();

    /// <inheritdoc/>
    public void Dispose() => (Performer as IDisposable)?.Dispose();
}
