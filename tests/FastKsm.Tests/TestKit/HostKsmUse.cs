using System;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using FastKsm.Cli.Conformance.Kernel;
using Xunit;

namespace FastKsm.Tests.TestKit;

/// <summary>Sole use of the host's KSM for a test; the test is skipped where the host does not permit it.</summary>
/// <remarks>Programs that the test starts inherit the lock, and use it as theirs.</remarks>
internal sealed class HostKsmUse : IDisposable
{
    private readonly HostLock _lock;

    private HostKsmUse(HostLock hostLock) => _lock = hostLock;

    /// <summary>The settings at this moment, by name.</summary>
    internal static IReadOnlyDictionary<string, string> Settings
    {
        get
        {
            SortedDictionary<string, string> settings = new(StringComparer.Ordinal);
            foreach (string path in Directory.EnumerateFiles(KsmFile.Directory))
            {
                if (!OperatingSystem.IsWindows() && File.GetUnixFileMode(path).HasFlag(UnixFileMode.UserWrite))
                {
                    settings.Add(Path.GetFileName(path), File.ReadAllText(path).Trim());
                }
            }

            return settings;
        }
    }

    /// <summary>Waits for it.</summary>
    internal static HostKsmUse Begin()
    {
        string? obstacle = KernelSession.Obstacle();
        Assert.SkipWhen(obstacle is not null, $"needs a host whose KSM may be used: {obstacle}");
        HostLock hostLock = Take();
        IReadOnlyList<string> others = KernelSession.OtherMergeable();
        if (others.Count > 0)
        {
            hostLock.Dispose();
            Assert.Skip($"needs a host whose KSM may be used: others have mergeable memory: {string.Join(", ", others)}");
        }

        return new HostKsmUse(hostLock);
    }

    /// <summary>Keeps users of the host's KSM away while a test has mergeable memory that they would see; null without KSM.</summary>
    internal static HostLock? KeepAway() => KernelSession.Obstacle() is null ? Take() : null;

    // Diagnostic messages are shown while tests run, which a test's own output is not.
    private static HostLock Take() => HostLock.Take("tests", CancellationToken.None, TestContext.Current.SendDiagnosticMessage);

    public void Dispose() => _lock.Dispose();
}
