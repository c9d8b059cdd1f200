using Xunit;

namespace FastKsm.Tests.TestKit;

/// <summary>Tests that count what the whole process allocates, and so run beside no other.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class RunsAlone
{
    /// <summary>Name of the collection.</summary>
    internal const string Name = "alone";
}
