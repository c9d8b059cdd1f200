namespace FastKsm.Cli.Host;

/// <summary>How processes that use one address space are told.</summary>
/// <param name="IsAsked">Whether kcmp(2) may be asked.</param>
/// <param name="Sentence">The finding, with what it costs.</param>
internal sealed record AddressSpaceOrder(bool IsAsked, string Sentence);
