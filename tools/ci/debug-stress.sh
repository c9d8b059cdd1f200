#!/usr/bin/env bash
# Stress tests with assertions: the tests of threads beside one another and of locks, on a debug build. An assertion that fails
# under a lock leaves the others waiting for it: hence the time limit.
set -euo pipefail
cd "$(dirname "$0")/../.."

dotnet build tests/FastKsm.Tests -c Debug
exec timeout 300 dotnet .artifacts/bin/FastKsm.Tests/debug/FastKsm.Tests.dll -noLogo -noColor \
    -class '*ConcurrentWalkTests' -class '*WalkLockTests' -class '*PageTableTests' -class '*ReaderWriterLatchTests' \
    -class '*.MachineTests' -class '*HashingThreadsTests' -class '*ScannerTests' \
    -class '*SpeculativeReferenceTests' -class '*ScanBesideSplitsTests' -class '*MisuseTests' -class '*Tlb.*'
