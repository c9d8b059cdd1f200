using System;
using FastKsm.Scripting.Engine;
using FastKsm.Scripting.Running;
using FastKsm.Scripting.Syntax;
using FastKsm.Tests.Scripting;
using Xunit;

namespace FastKsm.Tests.Merging;

/// <summary>Items that forget checksum, age and skips while they are merged: rows of ksm.md 14 that come out otherwise then (ksm.md 16).</summary>
public sealed class ItemOverlayTests
{
    private const string Merged = "spawn A\nmap A h 4\nadvise A h mergeable\nfill A h same 7\nscan 2\nexpect pages_shared=1 pages_sharing=3\n";

    private static readonly string[] s_oneScanBecomesTwo =
    [
        // Rows 34, 40, 41, 42.
        Merged + "write A h[1] 90\nwrite A h[1] 7\nscan\nexpect pages_shared=1 pages_sharing=2 pages_volatile=1\n",
        Merged + "advise A h unmergeable\nadvise A h mergeable\nscan\nexpect pages_shared=0 pages_sharing=0 pages_volatile=4\n",
        Merged + "advise A h dontneed\nfill A h same 7\nscan\nexpect pages_shared=0 pages_sharing=0 pages_volatile=4\n",
        Merged + "unmap A h\nmap A h 4 at=h[0]\nfill A h same 7\nadvise A h mergeable\nscan\nexpect pages_shared=0 pages_volatile=4\n",
    ];

    public static TheoryData<ScannerIndex, string> Scripts
    {
        get
        {
            TheoryData<ScannerIndex, string> data = [];
            foreach (ScannerIndex index in Enum.GetValues<ScannerIndex>())
            {
                foreach (string script in s_oneScanBecomesTwo)
                {
                    data.Add(index, script + "scan\nexpect pages_shared=1 pages_sharing=3 pages_volatile=0\n");
                }

                // Row 109: looked at, not skipped, and young again.
                data.Add(index, OldItem + "scan\nexpect pages_shared=1 pages_sharing=0 pages_volatile=1 pages_skipped=26\n"
                    + "scan\nexpect pages_unshared=1 pages_skipped=26\nscan 3\nexpect pages_skipped=26\nscan\nexpect pages_skipped=27\n");

                // Merged pages are skipped by neither, and cost the same.
                data.Add(index, Merged + "ksm smart_scan=1\nscan 30\nexpect pages_skipped=0 general_profit=12032 A.ksm_process_profit=16128\n");

                // A merge that fails half-way has put the index over the checksum of the page that was converted.
                data.Add(index, "spawn A\nmap A h 2\nadvise A h mergeable\nfill A h same 7\npin A h[0] reference\nscan 2\n"
                    + "expect pages_unshared=1 pages_volatile=1 cow_ksm=1\nscan\nexpect cow_ksm=1 pages_volatile=1\n"
                    + "scan\nexpect cow_ksm=2\n");
            }

            return data;
        }
    }

    private const string OldItem = "ksm smart_scan=1\nspawn A\nmap A h 2\nadvise A h mergeable\nfill A h unique 100\nscan 20\n"
        + "expect pages_skipped=26\nksm smart_scan=0\nfill A h same 7\nscan 2\nexpect pages_shared=1 pages_sharing=1\n"
        + "ksm smart_scan=1\nwrite A h[0] 50\n";

    [Theory]
    [MemberData(nameof(Scripts))]
    public void Scan_PagesThatWereMerged_BeginAgain(ScannerIndex index, string text)
    {
        Script script = ScriptFiles.Parse(text);
        using EnginePerformer performer = new(index, new MachineOptions { ItemOverlay = ItemOverlay.Linux2026 });
        new ScriptRunner(script.File, performer).Run(script);
        performer.Machine!.Validate();
    }

    [Fact]
    public void Machine_OverlayThatIsNone_IsRefused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new Machine(new MachineOptions { ItemOverlay = (ItemOverlay)2 }));
}
