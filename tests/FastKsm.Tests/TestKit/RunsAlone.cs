using Xunit;

namespace FastKsm.Tests.TestKit;

/// <summary>Tests that count what the whole process allocates, and so run beside no other.</summary>
[CollectionDefinition("alone", DisableParallelization = true)]
public sealed class RunsAlone;
