namespace FastKsm.Cli.Conformance.Kernel;

/// <summary>What part of a flush operation an event shows.</summary>
internal enum FlushPart
{
    /// <summary>Other CPUs are asked; its pages are those of the range, 4 KiB each, whatever the stride.</summary>
    Sent,

    /// <summary>The initiator's CPU has invalidated; its pages are strides.</summary>
    OwnCpu,
}
