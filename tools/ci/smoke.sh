#!/usr/bin/env bash
# The tool as its user meets it: the commands of the README, one wrong input of each kind, and, where the host's KSM may be
# used, forecasts for processes with known contents against what ksmd then does.
set -euo pipefail
cd "$(dirname "$0")/../.."

fastksm() { dotnet exec .artifacts/bin/FastKsm.Cli/release/FastKsm.Cli.dll "$@"; }

expect() { # exit code, command...
    local wanted=$1 code=0
    shift
    "$@" >.artifacts/smoke.log 2>&1 || code=$?
    [ "$code" -eq "$wanted" ] || { echo "smoke: exit code $code instead of $wanted: $*"; cat .artifacts/smoke.log; exit 1; }
    echo "smoke: $wanted $*"
}

expect 0 dotnet run -c Release --project tools/fastksm -- evaluate --all --top 5
expect 0 fastksm evaluate --pid $$ --json --target-scan-time 3m
expect 0 fastksm evaluate --pid $$ --vmas
expect 0 fastksm selftest
expect 0 dotnet exec .artifacts/bin/FastKsm.Sample/release/FastKsm.Sample.dll
expect 0 fastksm run tests/scripts/ksm/example.ksm
expect 0 fastksm run tests/scripts/ksm/example.ksm --index tree --json
expect 0 fastksm scenario
expect 0 fastksm scenario zero-colours --pages 256
expect 0 fastksm scenario prefork-workers --scale 4096 --common 31 --filler 5 --inherited 38 --private 11 --changing 37 --starting 41 --json
expect 0 fastksm --help
expect 2 fastksm evaluate --pid 2147483647
expect 2 fastksm evaluate --max-page-sharing 1 --all
expect 2 fastksm scenario zero-colours --colours 3
expect 2 fastksm scenario no-such-scenario
expect 2 fastksm no-such-command

code=0
tools/ci/evaluate-live.sh --only 'known*' || code=$?
[ "$code" -eq 0 ] || [ "$code" -eq 3 ]
