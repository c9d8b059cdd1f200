#!/usr/bin/env bash
# Sums the counters of every test result file of this run into one line: N passed, N failed, N skipped.
set -euo pipefail
cd "$(dirname "$0")/../.."

sum() {
    local total=0 value
    for value in $(cat .artifacts/test-results/*.trx | sed -n "s/.*<Counters .*\b$1=\"\([0-9]*\)\".*/\1/p"); do
        total=$((total + value))
    done
    echo "$total"
}

all=$(sum total) passed=$(sum passed) executed=$(sum executed)
[ "$all" -gt 0 ] || { echo "no test ran" >&2; exit 1; }
echo "$passed passed, $((executed - passed)) failed, $((all - executed)) skipped"
[ "$passed" -eq "$executed" ]
