using System;

namespace FastKsm.Tests.Swapping;

/// <summary>One random operation; what the numbers mean depends on what there is when it is performed.</summary>
internal readonly record struct SwapOp(SwapOpKind Kind, int A, int B, int C)
{
    private static readonly SwapOpKind[] s_kinds = Enum.GetValues<SwapOpKind>();

    // As often as they are met with, more or less: much comes in and goes, little is unmounted.
    private static readonly int[] s_weights = [30, 14, 10, 30, 12, 20, 14, 8, 8, 3, 2, 1, 2, 2];

    internal static SwapOp Random(Random random)
    {
        int sum = 0;
        foreach (int weight in s_weights)
        {
            sum += weight;
        }

        int at = random.Next(sum);
        int kind = 0;
        for (; at >= s_weights[kind]; kind++)
        {
            at -= s_weights[kind];
        }

        return new SwapOp(s_kinds[kind], random.Next(1 << 20), random.Next(1 << 20), random.Next(1 << 20));
    }
}
