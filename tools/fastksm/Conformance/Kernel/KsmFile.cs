using System;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using FastKsm.Cli.LiveProcesses;
using Microsoft.Win32.SafeHandles;

namespace FastKsm.Cli.Conformance.Kernel;

/// <summary>A file under <c>/sys/kernel/mm/ksm</c>, kept open for reading.</summary>
/// <remarks>Thread safety: one thread at a time.</remarks>
internal sealed unsafe class KsmFile : IDisposable
{
    /// <summary>Where the files lie.</summary>
    internal const string Directory = "/sys/kernel/mm/ksm/";

    private const int OpenWriteOnly = 1;
    private const int LongestValue = 64;

    private readonly string _name;
    private readonly SafeFileHandle _file;

    /// <param name="name">Its name.</param>
    /// <exception cref="ToolException">This kernel does not have it.</exception>
    internal KsmFile(string name)
    {
        _name = name;
        _file = ProcFile.TryOpen(Directory + name, LinuxNative.OpenReadOnly, out int error)
            ?? throw new ToolException(
                ExitCode.NotPermitted, $"conform: cannot read {Directory}{name}: {Marshal.GetPInvokeErrorMessage(error)}.");
    }

    /// <summary>What it shows as a number.</summary>
    internal long Number => long.Parse(Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);

    /// <summary>What it shows; of several words the one in brackets.</summary>
    internal string Text
    {
        get
        {
            byte* buffer = stackalloc byte[LongestValue];
            long length = ProcFile.ReadAt(_file, buffer, LongestValue, 0);
            if (length < 0)
            {
                throw new ToolException(
                    ExitCode.NotPermitted, $"conform: reading {Directory}{_name}: {Marshal.GetPInvokeErrorMessage((int)-length)}.");
            }

            string text = Encoding.ASCII.GetString(buffer, (int)length).TrimEnd('\n');
            int bracket = text.IndexOf('[', StringComparison.Ordinal);
            return bracket < 0 ? text : text[(bracket + 1)..text.IndexOf(']', StringComparison.Ordinal)];
        }
    }

    /// <summary>Writes a file.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="text">What to write, in one go.</param>
    /// <returns>0, or Linux's error number.</returns>
    internal static int Write(string name, string text)
    {
        using SafeFileHandle? file = ProcFile.TryOpen(Directory + name, OpenWriteOnly, out int error);
        if (file is null)
        {
            return error;
        }

        byte[] bytes = Encoding.Latin1.GetBytes(text);
        fixed (byte* first = bytes)
        {
            nint written = LinuxNative.write((int)file.DangerousGetHandle(), first, (nuint)bytes.Length);
            error = written < 0 ? Marshal.GetLastPInvokeError() : 0;
        }

        return error;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
