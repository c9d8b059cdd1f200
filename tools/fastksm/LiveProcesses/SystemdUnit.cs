using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace FastKsm.Cli.LiveProcesses;

/// <summary>The systemd service that a process belongs to, as its control group tells.</summary>
/// <param name="Name">Such as <c>nginx.service</c>.</param>
/// <param name="IsOfUser">Whether it is a service of a user's own manager.</param>
internal readonly record struct SystemdUnit(string Name, bool IsOfUser)
{
    private const string Suffix = ".service";

    /// <summary>The services of some processes, each once, by name.</summary>
    internal static IReadOnlyCollection<SystemdUnit> Of(IEnumerable<int> pids) =>
    [
        .. pids
            .Select(pid => ProcFile.TryReadText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/cgroup")))
            .Select(text => text is null ? null : Parse(text))
            .OfType<SystemdUnit>()
            .Distinct()
            .OrderBy(unit => unit.Name, StringComparer.Ordinal),
    ];

    /// <summary>Takes the service from the text of <c>/proc/PID/cgroup</c>.</summary>
    /// <returns>Null where there is none whose name is safe to print as part of a command.</returns>
    internal static SystemdUnit? Parse(string text)
    {
        foreach (string line in text.Split('\n'))
        {
            // 0::/system.slice/nginx.service, or with version 1 the line of systemd's own hierarchy, 1:name=systemd:/...
            string[] fields = line.Split(':', 3);
            if (fields.Length < 3 || (fields[1].Length > 0 && !string.Equals(fields[1], "name=systemd", StringComparison.Ordinal)))
            {
                continue;
            }

            string[] parts = fields[2].Split('/');
            int last = Array.FindLastIndex(parts, part => part.EndsWith(Suffix, StringComparison.Ordinal) && part.Length > Suffix.Length);
            if (last < 0 || !parts[last].All(IsPlain))
            {
                continue;
            }

            bool isManager = parts[last].StartsWith("user@", StringComparison.Ordinal);
            bool isOfUser = Array.Exists(parts[..last], part => part.StartsWith("user@", StringComparison.Ordinal));
            return isManager ? null : new SystemdUnit(parts[last], isOfUser);
        }

        return null;
    }

    private static bool IsPlain(char letter) => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '-' or '_' or '@' or ':' or '\\';
}
