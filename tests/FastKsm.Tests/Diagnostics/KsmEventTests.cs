using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Diagnostics.Tracing;
using System.Linq;
using System.Reflection;
using FastKsm.Diagnostics;
using FastKsm.Tests.Merging;
using FastKsm.Tests.TestKit;
using Xunit;

namespace FastKsm.Tests.Diagnostics;

/// <summary>Events on their way out: fields, order, listeners. Which events there are, the scripts of rows 136 and 137 say.</summary>
public sealed class KsmEventTests
{
    private static readonly int[] s_hashingThreads = [1, 2, 8];

    [Fact]
    public void EventSource_OfAMachine_HasTheKernelsEventsAndFields()
    {
        using Machine machine = Machines.Small();
        List<KsmEvent> told = [];
        using SourceListener source = new(machine.Ksm.EventSourceMachine);
        using (machine.Ksm.Listen(told.Add))
        {
            Workload(machine);
        }

        Assert.Equal(9, told.Select(what => what.Kind).Distinct().Count());
        Assert.Equal(told.Select(Text), source.Seen, StringComparer.Ordinal);
        Workload(machine);
        Assert.True(source.Seen.Length > told.Count, "The source goes on when the listener has gone.");
    }

    [Fact]
    public void EventSource_Manifest_DeclaresFieldsInOrder()
    {
        foreach (KsmEventKind kind in Enum.GetValues<KsmEventKind>())
        {
            KsmEvent what = new(kind, 0);
            MethodInfo? method = typeof(KsmEventSource).GetMethod(what.Name);
            Assert.NotNull(method);
            Assert.Equal([.. what.FieldNames, "machine"], method.GetParameters().Select(parameter => parameter.Name!), StringComparer.Ordinal);
        }
    }

    [Fact]
    public void Listener_ThatCallsBack_IsRefusedAndTheMachineGoesOn()
    {
        using Machine machine = Machines.Small();
        using IDisposable subscription = machine.Ksm.Listen(_ => machine.Ksm.Batch());
        ModelProcess process = machine.Spawn();
        ulong at = process.MapPages(2);

        Assert.Throws<InvalidOperationException>(() => process.Advise(at, 2 * Machines.Page, Advice.Mergeable));
        subscription.Dispose();
        process.Touch(at, 2);
        machine.Ksm.Write("run", "1");
        Assert.True(machine.Ksm.Scan());
        machine.Validate();
    }

    [Fact]
    public void Streams_ForAnyNumberOfHashingThreads_AreTheSame() => Property.ForAllScripts(
        ScanOp.Next,
        script =>
        {
            KsmEvent[][] streams =
            [
                .. s_hashingThreads.Select(threads =>
                {
                    using ScriptedMachine machine = new(
                        MergeIndexKind.Fingerprint, 4, smartScan: true, options: WithHashingThreads(threads));
                    machine.Perform(script);
                    return machine.Events.ToArray();
                }),
            ];
            Assert.NotEmpty(streams[0]);
            Assert.Equal(streams[0], streams[1]);
            Assert.Equal(streams[0], streams[2]);
        },
        cases: 20,
        length: 150);

    // Everything that makes an event, the advisor included.
    private static void Workload(Machine machine)
    {
        Ksm ksm = machine.Ksm;
        ksm.Write("smart_scan", "0");
        ksm.Write("run", "1");
        ksm.Write("use_zero_pages", "1");
        ksm.Write("advisor_mode", "scan-time");
        ModelProcess process = machine.Spawn();
        ulong at = process.MapPages(6);
        process.Advise(at, 6 * Machines.Page, Advice.Mergeable);
        process.Touch(at, 5);
        process.Touch(at + (5 * Machines.Page), 1, value: 0);
        _ = ksm.Scan();
        _ = ksm.Scan();
        process.Exit();
        _ = ksm.Scan();
        ksm.Write("advisor_mode", "none");
    }

    private static string Text(KsmEvent what) => $"{what.Name}({string.Join(',', what.FieldNames.Select((name, i) => $"{name}={what[i]}"))})";

    // The option is looked up by name, so that the test holds for engines with and without hashing threads.
    private static MachineOptions WithHashingThreads(int threads)
    {
        MachineOptions options = new();
        PropertyInfo? option = typeof(MachineOptions).GetProperties()
            .SingleOrDefault(property => property.Name.EndsWith("Threads", StringComparison.Ordinal));
        option?.SetValue(options, threads);
        return options;
    }

    private sealed class SourceListener(int machine) : EventListener
    {
        private readonly ConcurrentQueue<string> _seen = new();

        internal string[] Seen => [.. _seen];

        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (string.Equals(eventSource.Name, "FastKsm", StringComparison.Ordinal))
            {
                EnableEvents(eventSource, EventLevel.Verbose);
            }
        }

        protected override void OnEventWritten(EventWrittenEventArgs eventData)
        {
            List<string> names = [.. eventData.PayloadNames!];
            List<object?> values = [.. eventData.Payload!];
            if (values[^1] is int written && written == machine)
            {
                string fields = string.Join(',', names.SkipLast(1).Zip(values, (name, value) => $"{name}={value}"));
                _seen.Enqueue($"{eventData.EventName}({fields})");
            }
        }
    }
}
