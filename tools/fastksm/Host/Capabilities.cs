using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Host;

/// <summary>The rights of the super-user that this process has; root in a container lacks most of them.</summary>
internal static unsafe class Capabilities
{
    private const int SysPtrace = 19;
    private const int SysAdmin = 21;

    /// <summary>Whether it may look at processes of other users.</summary>
    internal static bool HasSysPtrace => Has(SysPtrace);

    /// <summary>Whether it has CAP_SYS_ADMIN.</summary>
    internal static bool HasSysAdmin => Has(SysAdmin);

    // capget(2), version 3: a header of two words, then effective, permitted and inheritable, for bits 0 to 31 and 32 to 63.
    private static bool Has(int capability)
    {
        const uint Version3 = 0x2008_0522;
        uint* header = stackalloc uint[] { Version3, 0 };
        uint* sets = stackalloc uint[6];
        return LinuxNative.capget(header, sets) == 0 && (sets[0] >> capability & 1) != 0;
    }
}
