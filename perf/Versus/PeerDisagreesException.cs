using System;

namespace FastKsm.Perf.Versus;

/// <summary>Both sides ran, and did not do the same work: no ratio between them means anything.</summary>
internal sealed class PeerDisagreesException : Exception
{
    public PeerDisagreesException()
    {
    }

    public PeerDisagreesException(string message)
        : base(message)
    {
    }

    public PeerDisagreesException(string message, Exception inner)
        : base(message, inner)
    {
    }

    internal static void ThrowIfUnlike(string row, ulong ours, ulong theirs)
    {
        if (ours != theirs)
        {
            throw new PeerDisagreesException($"{row}: ours gave {ours:x16}, the peer {theirs:x16}");
        }
    }
}
