using System;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;

namespace FastKsm.Tests.TestKit;

/// <summary>Threads that really run beside one another: one each, not whatever the pool has to spare.</summary>
internal static class Threads
{
    /// <summary>Starts one.</summary>
    internal static Task Start(Action work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>Starts all, and is done when all are.</summary>
    internal static Task RunAll(params Action[] work) => Task.WhenAll([.. work.Select(Start)]);
}
