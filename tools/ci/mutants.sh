#!/usr/bin/env bash
# Plants small faults in the engine, one at a time, and tells which test notices each. Not part of CI: it takes an hour or more.
#
#   tools/ci/mutants.sh [--only PATTERN] [--live]
#
# Works on a copy of the last commit below .artifacts. Each fault is built, then looked for by the scripts of the conformance tables,
# by the unit tests, and by the model tests, in this order; the first test that fails is named. --live adds `conform` on the
# running kernel (root). The faults stand in tools/ci/mutants.txt.
#
# Exit codes: 0 every fault was noticed, 1 one survived, 2 bad usage, or a fault no longer applies to the source.
set -euo pipefail
cd "$(dirname "$0")/../.."

only='*' live=0
while [ $# -gt 0 ]; do
    case $1 in
    --only) only=${2:?"--only needs a pattern"} && shift ;;
    --live) live=1 ;;
    *) echo "usage: $0 [--only PATTERN] [--live]" >&2 && exit 2 ;;
    esac
    shift
done

readonly faults=$PWD/tools/ci/mutants.txt tree=$PWD/.artifacts/mutants
rm -rf "$tree"
git worktree prune
git worktree add --quiet --detach "$tree" HEAD
trap 'git worktree remove --force "$tree"' EXIT

build() { dotnet build -c Release "$tree/tests/FastKsm.Tests" -v quiet -nologo -p:RunAnalyzers=false >"$tree/.build.log" 2>&1; }

# The name of the first test that fails, with what the stage is called; nothing if none does.
stage() {
    local name=$1
    shift
    timeout 900 dotnet exec "$tree/.artifacts/bin/FastKsm.Tests/release/FastKsm.Tests.dll" -noLogo -noColor -stopOnFail "$@" \
        >"$tree/.test.log" 2>&1 && return 0
    echo "$name: $(sed -n 's/^ *\(FastKsm\.Tests\.[^ ]*.*\) \[FAIL\]$/\1/p' "$tree/.test.log" | sed 's/^FastKsm\.Tests\.//' | head -n 1)"
}

find_noticer() {
    local noticed
    noticed=$(stage script -class FastKsm.Tests.Scripting.ScriptFileTests)
    [ -z "$noticed" ] || { echo "$noticed"; return; }
    noticed=$(stage unit -namespace FastKsm.Tests.AddressSpaces -namespace FastKsm.Tests.Merging \
        -namespace FastKsm.Tests.ReverseMapping -namespace FastKsm.Tests.Memory -class FastKsm.Tests.MachineTests)
    [ -z "$noticed" ] || { echo "$noticed"; return; }
    noticed=$(stage model -namespace FastKsm.Tests.Model)
    [ -z "$noticed" ] || { echo "$noticed"; return; }
    [ $live -eq 0 ] || stage live -class FastKsm.Tests.Conformance.LiveConformanceTests
}

build || { cat "$tree/.build.log"; exit 2; }
planted=0 survived=0 stale=0
while IFS=$'\t' read -r name file old new; do
    # shellcheck disable=SC2053 # the right side is a pattern
    [[ $name != '' && $name != \#* && $name == $only ]] || continue
    planted=$((planted + 1))
    if ! OLD=$old NEW=$new python3 - "$tree/$file" <<'PY'; then
import os, sys
path, old, new = sys.argv[1], os.environ["OLD"], os.environ["NEW"]
text = open(path, encoding="utf-8").read()
if text.count(old) != 1:
    sys.exit(f"{path}: {text.count(old)} places instead of one: {old}")
open(path, "w", encoding="utf-8").write(text.replace(old, new))
PY
        stale=$((stale + 1))
        continue
    fi
    if ! build; then
        noticed="does not build: $(grep -m 1 -o 'error [A-Z]*[0-9]*' "$tree/.build.log" || true)"
        stale=$((stale + 1))
    else
        noticed=$(find_noticer)
    fi
    [ -n "$noticed" ] || { noticed="SURVIVED" && survived=$((survived + 1)); }
    printf '%-44s %s\n' "$name" "$noticed"
    git -C "$tree" checkout --quiet -- engine
done <"$faults"

echo "$planted faults planted, $survived survived, $stale could not be planted"
[ "$planted" -gt 0 ] || { echo "no fault matches '$only'" >&2; exit 2; }
[ "$stale" -eq 0 ] || exit 2
[ "$survived" -eq 0 ]
