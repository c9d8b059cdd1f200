using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using FastKsm.Cli.LiveProcesses;

namespace FastKsm.Cli.Evaluation;

/// <summary>Whose a process is, by what its cgroup, user and arguments say.</summary>
internal static partial class ProcessOwner
{
    private const int ShortId = 12; // As the container tools show ids.

    /// <summary>The owner's name; in brackets where there is none.</summary>
    internal static string Of(LiveProcess process, OwnerKind kind) => kind switch
    {
        OwnerKind.Unit => UnitOf(CgroupIn(process.CgroupText)),
        OwnerKind.Container => ContainerOf(CgroupIn(process.CgroupText)),
        OwnerKind.Cgroup => CgroupIn(process.CgroupText) is { Length: > 0 } path ? path : "(unknown)",
        OwnerKind.User => UserNames.Of(process.UserId),
        _ => CommandOf(process),
    };

    /// <summary>The innermost service or scope in a cgroup's path.</summary>
    internal static string UnitOf(string cgroup) =>
        cgroup.Split('/').LastOrDefault(part =>
            part.EndsWith(".service", StringComparison.Ordinal) || part.EndsWith(".scope", StringComparison.Ordinal))
        ?? "(no unit)";

    /// <summary>The container in a cgroup's path.</summary>
    internal static string ContainerOf(string cgroup)
    {
        // docker-ID.scope, cri-containerd-ID.scope, crio-ID.scope, libpod-ID.scope; docker/ID; kubepods/.../ID.
        Match id = ContainerId().Match(cgroup);
        if (id.Success)
        {
            string runtime = id.Groups["runtime"].Value.TrimEnd('-', '/');
            return $"{(runtime.Length > 0 ? runtime : "container")} {id.Groups["id"].Value[..ShortId]}";
        }

        Match named = ContainerName().Match(cgroup);
        return named.Success ? $"{named.Groups["runtime"].Value} {named.Groups["name"].Value}" : "(no container)";
    }

    /// <summary>The cgroup's path in the text of <c>/proc/PID/cgroup</c>: of version 2, or systemd's, or the longest.</summary>
    internal static string CgroupIn(string text)
    {
        (string Controllers, string Path)[] lines =
        [
            .. text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => line.Split(':', 3))
                .Where(fields => fields.Length == 3)
                .Select(fields => (fields[1], fields[2])),
        ];
        string unified = lines.FirstOrDefault(line => line.Controllers.Length == 0).Path ?? string.Empty;
        string systemd = lines.FirstOrDefault(line => line.Controllers is "name=systemd").Path ?? string.Empty;
        return unified.Length > 1 ? unified
            : systemd.Length > 1 ? systemd
            : lines.Select(line => line.Path).OrderByDescending(path => path.Length).FirstOrDefault() ?? string.Empty;
    }

    private static string CommandOf(LiveProcess process)
    {
        string program = Path.GetFileName(process.CommandLine.Split(' ', 2)[0].TrimEnd(':'));
        return program.Length > 0 ? program : process.Stat.Name;
    }

    [GeneratedRegex("(?<runtime>[a-z][a-z-]*[-/])?(?<id>[0-9a-f]{64})", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ContainerId();

    [GeneratedRegex(@"/(?<runtime>lxc)(\.payload)?[./](?<name>[^/]+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ContainerName();

    /// <summary>Names of users, read once.</summary>
    private static class UserNames
    {
        private static readonly Lazy<Dictionary<uint, string>> s_names = new(Read);

        internal static string Of(uint user) =>
            s_names.Value.TryGetValue(user, out string? name) ? name : user.ToString(CultureInfo.InvariantCulture);

        private static Dictionary<uint, string> Read()
        {
            Dictionary<uint, string> names = [];
            foreach (string line in (ProcFile.TryReadText("/etc/passwd") ?? string.Empty).Split('\n'))
            {
                string[] fields = line.Split(':');
                if (fields.Length > 2 && uint.TryParse(fields[2], NumberStyles.None, CultureInfo.InvariantCulture, out uint user))
                {
                    _ = names.TryAdd(user, fields[0]);
                }
            }

            return names;
        }
    }
}
