using Xunit;

namespace FastKsm.Tests.TestKit;

/// <summary>Tests that use the host's KSM: beside no other, because some of those have mergeable memory too.</summary>
[CollectionDefinition("host's KSM", DisableParallelization = true)]
public sealed class UsesHostKsm;
