namespace FastKsm.Cli.Evaluation.Nearly;

/// <summary>Why pages of processes that do the same are not equal.</summary>
internal enum NearlyCauseKind
{
    /// <summary>Addresses are chosen at random when a program starts (ASLR).</summary>
    AddressRandomisation,

    /// <summary>Hashes of text are seeded at random in each process, so that tables have another order.</summary>
    HashSeed,

    /// <summary>Code is compiled at run time, when and where it is used.</summary>
    CompiledCode,
}
