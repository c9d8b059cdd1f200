#!/usr/bin/env bash
# That the measurements run at all. Numbers from a shared machine are printed, and fail nothing.
set -euo pipefail
cd "$(dirname "$0")/../.."

perf=.artifacts/bin/FastKsm.Perf/release/FastKsm.Perf.dll
[ -e "$perf" ] || dotnet build perf -c Release

dotnet "$perf" --filter '*PageZeroBenchmarks*' --job dry --artifacts .artifacts/benchmarks >.artifacts/perf-smoke.log ||
    { cat .artifacts/perf-smoke.log; exit 1; }
grep -q 'PageZero_IsZero' .artifacts/benchmarks/results/*PageZeroBenchmarks-report-github.md

status=0
dotnet "$perf" versus --filter zero --rounds 3 --allow-skips --json .artifacts/perf-smoke.json || status=$?
case $status in
    0 | 1 | 3) ;; # 1: a goal missed, which noise alone can do here; 3: a row skipped
    *) echo "versus ended with $status" >&2; exit 1 ;;
esac
grep -q '"id": "zero"' .artifacts/perf-smoke.json
