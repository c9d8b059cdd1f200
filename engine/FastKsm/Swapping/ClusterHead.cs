using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FastKsm.Primitives;

namespace FastKsm.Swapping;

/// <summary>What every layout keeps of a cluster: its lock, its list, its order, its slots in use. 4 bytes, the first
/// of a record.</summary>
/// <remarks>Thread safety: all but the lock is read and written under the lock.</remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct ClusterHead
{
    private const int FlagMask = 7;
    private const int OrderShift = 3;
    private const int UsedMask = 0x3ff;
    private const int ShareShift = 10;

    private byte _latch;

    // [6..3] order  [2..0] list
    private byte _place;

    // [15..10] share  [9..0] slots in use
    private ushort _used;

    /// <summary>Slots in use, bad ones among them: 0 to 512.</summary>
    internal int Used
    {
        readonly get => _used & UsedMask;
        set => _used = (ushort)((_used & ~UsedMask) | value);
    }

    /// <summary>Whose lists the cluster is on, while slots of it are in use: 0 to 63.</summary>
    internal int Share
    {
        readonly get => _used >> ShareShift;
        set => _used = (ushort)((_used & UsedMask) | (value << ShareShift));
    }

    /// <summary>Which list the cluster is on.</summary>
    internal ClusterFlag Flag
    {
        readonly get => (ClusterFlag)(_place & FlagMask);
        set => _place = (byte)((_place & ~FlagMask) | (int)value);
    }

    /// <summary>Order that the cluster serves: 0 to 9.</summary>
    internal int Order
    {
        readonly get => _place >> OrderShift;
        set => _place = (byte)((_place & FlagMask) | (value << OrderShift));
    }

    /// <summary>Waits for the cluster's lock.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Enter([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        SpinByte.Enter(ref _latch, LockRank.SwapCluster, file, line);

    /// <summary>Takes the cluster's lock if it is free.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryEnter() => SpinByte.TryEnter(ref _latch, LockRank.SwapCluster);

    /// <summary>Gives the cluster's lock back.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Exit() => SpinByte.Exit(ref _latch, LockRank.SwapCluster);
}
