using System;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Host;

/// <summary>Asks whether the kernel compares address spaces (kcmp), of this process with itself.</summary>
internal static class AddressSpaceOrderProbe
{
    /// <summary>The finding.</summary>
    internal static AddressSpaceOrder Ask()
    {
        int own = Environment.ProcessId;
        return LinuxNative.Compare(own, own, LinuxNative.CompareAddressSpaces) == 0
            ? new AddressSpaceOrder(true, "kcmp(2) tells processes that use one address space.")
            : new AddressSpaceOrder(
                false,
                "kcmp(2) is not permitted or not there (a container's filter, CONFIG_KCMP): processes that use one address "
                + "space are told by comparing their pages.");
    }
}
