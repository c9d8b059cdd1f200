namespace FastKsm.Scripting.Running;

/// <summary>A VMA and what merging has to do with it: an entry of <c>/proc/PID/smaps</c>.</summary>
/// <param name="Address">First address.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Flags">
/// Of its VmFlags line those that a script can bring about, in alphabetical order, a blank between two:
/// <c>ac dc dd ex hg lo mg nh nr rd rr sh sr wf wr</c>.
/// </param>
/// <param name="Anonymous">Bytes on anonymous frames, merged ones included (Anonymous).</param>
/// <param name="Ksm">Bytes on merged frames (KSM).</param>
public readonly record struct VmaFigures(ulong Address, ulong Length, string Flags, long Anonymous, long Ksm)
{
    /// <summary>The flags that can be in <see cref="Flags"/>.</summary>
    public const string KnownFlags = "ac dc dd ex hg lo mg nh nr rd rr sh sr wf wr";

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        System.Globalization.CultureInfo.InvariantCulture,
        $"0x{Address:x}+0x{Length:x} {Flags} Anonymous {Anonymous >> 10} kB KSM {Ksm >> 10} kB");
}
