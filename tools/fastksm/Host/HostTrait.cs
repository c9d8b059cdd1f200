namespace FastKsm.Cli.Host;

/// <summary>One thing that hosts differ in, as found on this one.</summary>
/// <param name="Name">Key, in JSON too: lower case and underscores; never renamed.</param>
/// <param name="Found">What was found, in a few words.</param>
/// <param name="State">Whether the tool loses anything by it.</param>
/// <param name="Cost">What the tool cannot do because of it; empty where it loses nothing.</param>
/// <param name="Remedy">What would permit it; empty where nothing would, or nothing is needed.</param>
internal sealed record HostTrait(string Name, string Found, TraitState State, string Cost = "", string Remedy = "")
{
    /// <summary>A trait by which the tool loses nothing.</summary>
    internal static HostTrait Full(string name, string found) => new(name, found, TraitState.Full);

    /// <summary>A trait that the tool allows for: figures are right, and some behaviour is another one.</summary>
    internal static HostTrait Differs(string name, string found, string effect) => new(name, found, TraitState.Differs, effect);

    /// <summary>A trait that costs the tool something.</summary>
    internal static HostTrait Lacking(string name, string found, string cost, string remedy) =>
        new(name, found, TraitState.Lacking, cost, remedy);
}
