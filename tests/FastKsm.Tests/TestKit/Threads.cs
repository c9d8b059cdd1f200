using System;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;

namespace FastKsm.Tests.TestKit;

/// <summary>Threads that really run beside one another: one each, not whatever the pool has to spare.</summary>
internal static class Threads
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);

    /// <summary>Starts one.</summary>
    internal static Task Start(Action work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>Starts all, and is done when all are.</summary>
    /// <remarks>One that fails may have a lock that others wait for: if they are not done soon, the run ends with what failed.</remarks>
    internal static async Task RunAll(params Action[] work)
    {
        Task[] tasks = [.. work.Select(Start)];
        Task all = Task.WhenAll(tasks);
        while (!all.IsCompleted)
        {
            _ = await Task.WhenAny([.. tasks.Where(task => !task.IsCompleted), all]).ConfigureAwait(false);
            if (tasks.FirstOrDefault(task => task.IsFaulted) is { Exception: Exception failure }
                && await Task.WhenAny(all, Task.Delay(s_patience)).ConfigureAwait(false) != all)
            {
                Environment.FailFast("A thread of a test has failed, and the others wait.", failure);
            }
        }

        await all.ConfigureAwait(false);
    }
}
