#!/usr/bin/env bash
# Compares what `fastksm evaluate --nearly` says would merge without address randomisation with what then really would.
#
#   tools/ci/nearly-live.sh [--only PATTERN]
#
# Each row starts some programs one by one, asks, ends them, starts them again without address randomisation (setarch -R), and asks
# how much of them is equal then. The forecast is the figure "started alike"; it must be within 5 points of what came. Neither KSM
# nor root is needed: nothing is merged. For rows of Python: as they are, and with a fixed hash seed. For Java, a JDK is needed.
#
# Exit codes: 0 every row agreed, 1 a row did not, 2 bad usage, 3 skipped (the reason is on standard output).
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly work=$PWD/.artifacts/nearly-live workloads=$PWD/tests/workloads most_points=5
only='*' failed=0 rows=0 inputs=() pids=()

skip() {
    echo "skipped: $1"
    exit 3
}

# Starts a number of programs, each with an input of its own that ends when this script does, and waits until all are ready.
start_all() {
    local count=$1 number tries input
    shift
    inputs=() pids=()
    for ((number = 0; number < count; number++)); do
        rm -f "$work/input.$number"
        mkfifo "$work/input.$number"
        "$@" <"$work/input.$number" >"$work/output.$number" 2>&1 &
        exec {input}>"$work/input.$number"
        inputs+=("$input")
    done
    for ((number = 0; number < count; number++)); do
        for ((tries = 0; tries < 600; tries++)); do
            ! grep -qs '^ready ' "$work/output.$number" || break
            sleep 0.1
        done
        grep -qs '^ready ' "$work/output.$number" || { cat "$work/output.$number" >&2; return 1; }
        pids+=("$(sed -n 's/^ready \([0-9]*\).*/\1/p' "$work/output.$number")")
    done
    sleep 1
}

end_all() {
    local input
    for input in "${inputs[@]}"; do exec {input}>&-; done
    wait
}

# ask FILE: evaluates the programs that run.
ask() { dotnet "$tool" evaluate "${pids[@]}" --nearly --json >"$work/$1"; }

# row NAME COUNT COMMAND...
row() {
    local name=$1
    # shellcheck disable=SC2053 # a pattern on purpose
    [[ $name == $only ]] || return 0
    rows=$((rows + 1))
    shift
    start_all "$@"
    ask before.json
    end_all
    start_all "$1" setarch -R "${@:2}"
    ask after.json
    end_all
    python3 tools/ci/nearly_live_row.py "$name" $most_points "$work/before.json" "$work/after.json" || failed=$((failed + 1))
}

while [ $# -gt 0 ]; do
    case $1 in
    --only) only=${2:?"--only needs a pattern"} && shift ;;
    *) echo "usage: $0 [--only PATTERN]" >&2 && exit 2 ;;
    esac
    shift
done
for program in python3 setarch dotnet; do
    command -v $program >/dev/null || skip "there is no $program"
done
setarch -R true 2>/dev/null || skip "address randomisation may not be switched off here (setarch -R, personality)"
mkdir -p "$work"
output=$(dotnet build -c Release tools/fastksm --nologo -v quiet 2>&1) || { echo "$output" >&2; exit 1; }
tool=$(dotnet msbuild tools/fastksm -p:Configuration=Release -getProperty:TargetPath)
python=$(python3 -c 'import sys; print(sys.executable)')
python3 tools/ci/nearly_live_row.py --header
row python 4 env -u PYTHONHASHSEED "$python" "$workloads/python_apart.py"
row python-seeded 4 env PYTHONHASHSEED=0 "$python" "$workloads/python_apart.py"
if command -v javac >/dev/null; then
    javac -d "$work" "$workloads/JavaServer.java"
    row java 3 java -Xms64m -Xmx64m -XX:+UseSerialGC -cp "$work" JavaServer
else
    echo "java: left out, there is no javac"
fi
echo "$rows rows, $((rows - failed)) agree, $failed do not"
[ $rows -gt 0 ] || { echo "no row matches '$only'" >&2; exit 2; }
[ $failed -eq 0 ]
