#!/usr/bin/env bash
# Stress tests with assertions: the tests of threads beside one another, of locks and of the model, on a debug build.
set -euo pipefail
cd "$(dirname "$0")/../.."

dotnet build tests/FastKsm.Tests -c Debug
exec .artifacts/bin/FastKsm.Tests/debug/FastKsm.Tests -noLogo \
    -class '*ConcurrentWalkTests' -class '*WalkLockTests' -class '*PageTableTests' -class '*ReaderWriterLatchTests' \
    -class '*.MachineTests' -class '*HashingThreadsTests' -class '*ScannerTests'
