#!/usr/bin/env bash
# Compares what `fastksm evaluate` predicts with what Linux then really does.
#
#   tools/ci/evaluate-live.sh [--force] [--only PATTERN]
#
# Each row starts real processes with merging enabled but ksmd stopped, waits until they rest, evaluates them, lets ksmd
# merge until its counters stand still, and compares. Equal for processes at rest, within 1 % for working ones.
#
# Needs root, KSM in Linux 6.12 or later, cc, python3 and (for its rows) node. All KSM settings are put back at the
# end, also after Ctrl-C, and when this script is killed. As the counters belong to the whole host, it refuses to run where another process has
# mergeable memory, unless --force is given (what that process merges then counts as well).
#
# Exit codes: 0 every row agreed, 1 a row did not, 2 bad usage, 3 skipped (the reason is on standard output).
#
#   FASTKSM_EVALUATE    another command instead of `fastksm evaluate`, with the same options and the same JSON
#   FASTKSM_MERGE_EXEC  another command instead of `fastksm exec --merge --`
#   FASTKSM_KSM_LOCK    the file that keeps two users of the host's KSM apart
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly middle_folios=/sys/kernel/mm/transparent_hugepage/hugepages-64kB/enabled
readonly work=$PWD/.artifacts/evaluate-live
force=0 only='*' middle_folios_before=''
# shellcheck source=tools/ci/live_ksm.sh
. tools/ci/live_ksm.sh

keep_settings() {
    [ ! -w $middle_folios ] || middle_folios_before=$(sed 's/.*\[\(.*\)\].*/\1/' $middle_folios)
}

restore_settings() {
    [ -z "$middle_folios_before" ] || echo "$middle_folios_before" >$middle_folios
}

# ---- the workloads ----------------------------------------------------------------------------------------------

build() {
    local flags=(-std=gnu11 -O2 -Wall -Wextra -Werror)
    mkdir -p "$work"
    cc "${flags[@]}" "$workloads/known_pages.c" -o "$work/known_pages"
    cc "${flags[@]}" "$workloads/folios.c" -o "$work/folios"
    cc "${flags[@]}" "$workloads/merge_exec.c" -o "$work/merge_exec"
    cc "${flags[@]}" -shared -fPIC "$workloads/mark_stack.c" -o "$work/mark_stack.so"
    build_tool
}

# With merging enabled and the initial stack marked as well: what evaluate takes as "all eligible memory".
# shellcheck disable=SC2086 # the variable holds a command and its arguments
start_merging() { start $FASTKSM_MERGE_EXEC env LD_PRELOAD="$work/mark_stack.so" "$@"; }

# shellcheck disable=SC2086
start_inherited() { start $FASTKSM_MERGE_EXEC "$@"; }

known_pages() { start_merging "$work/known_pages" "$@"; }

two_known_processes() {
    known_pages --seed 1 "$@"
    known_pages --seed 2 "$@"
}

advised_pages() { start "$work/known_pages" --advise "$@"; }

folios() { start "$work/folios" "$@"; }

python_workers() { start_merging python3 "$workloads/python_workers.py"; }

inherited_python_workers() { start_inherited python3 "$workloads/python_workers.py"; }

python_busy() {
    start_merging python3 "$workloads/python_busy.py" --seconds 300
    sleep 3
}

node_servers() {
    start_merging node --expose-gc "$workloads/node_server.js"
    start_merging node --expose-gc "$workloads/node_server.js"
    python3 "$workloads/http_load.py" 2 200 "${ports[@]}"
}

busy_node_servers() {
    node_servers
    python3 "$workloads/http_load.py" 300 50 "${ports[@]}" 7>&- 8>&- 9>&- &
    launched+=($!)
    sleep 3
}

# ---- rows -------------------------------------------------------------------------------------------------------

# Pages that a read of untouched memory takes: none where the kernel maps the zero frame.
frames_of_reads() {
    python3 - "$1" <<'PY'
import mmap, sys
pages = int(sys.argv[1])
memory = mmap.mmap(-1, (pages + 2) * mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
def resident():
    return int(next(line for line in open("/proc/self/smaps_rollup") if line.startswith("Rss:")).split()[1])
memory.madvise(15)  # MADV_NOHUGEPAGE
before = resident()
for page in range(pages):
    memory[page * mmap.PAGESIZE]
print(pages if resident() - before > pages * mmap.PAGESIZE // 2048 else 0)
PY
}

# Folios of 64 KiB are switched on for the run where the host has them; what the setting was is put back at the end.
middle_folios_are_to_be_had() {
    # shellcheck disable=SC2053
    [[ folios-mid == $only || folios-mid-locked == $only ]] && huge_pages_are_to_be_had && [ -w $middle_folios ] || return 1
    echo madvise >$middle_folios
}

# The printed lines, as printed, under sh -e: with the advisor on, and with pages merged under another limit. What they would
# write to /etc goes to a directory of this script.
pasted_lines() {
    local state=$1 name=pasted-$1 verdict=equal
    # shellcheck disable=SC2053
    [[ $name == $only ]] || return 0
    rows=$((rows + 1))
    set_knobs 256 0
    open_input
    advised_pages --identical 600 --unique 900 || return 1
    if [ "$state" = advisor ]; then write_knob advisor_mode scan-time; write_knob run 1; else one_scan && one_scan; fi
    # shellcheck disable=SC2086
    $FASTKSM_EVALUATE --pid "${pids[0]}" --max-page-sharing 64 --use-zero-pages 1 --merge-across-nodes 1 --target-scan-time 90s \
        >"$work/advice" || return 1
    rm -rf "$work/etc" && mkdir -p "$work/etc/tmpfiles.d"
    sed -n '/^    # fixed settings/,/^    # or in the program/p' "$work/advice" | sed "s#/etc/#$work/etc/#g" >"$work/advice.sh"
    grep -q pages_to_scan "$work/advice.sh" || verdict="no lines were printed"
    sed '/# or let the advisor/,$d' "$work/advice.sh" >"$work/advice.fixed.sh"
    sh -e "$work/advice.fixed.sh" 2>"$work/advice.errors" || verdict="the fixed settings failed: $(cat "$work/advice.errors")"
    [ "$(read_knob max_page_sharing),$(read_knob use_zero_pages),$(read_knob run)" = 64,1,1 ] || verdict="the settings are other ones"
    [ ! -e $ksm/advisor_mode ] || [ "$(read_knob advisor_mode)" = none ] || verdict="the advisor is still on"
    sh -e "$work/advice.sh" 2>"$work/advice.errors" || verdict="all lines together failed: $(cat "$work/advice.errors")"
    [ ! -e $ksm/advisor_mode ] || [ "$(read_knob advisor_mode)" = scan-time ] || verdict="the advisor is off"
    close_input
    unmerge_all
    write_knob advisor_mode none
    printf '%-17s %s\n' "$name" "$verdict"
    [ "$verdict" = equal ] || failed=$((failed + 1))
}

# price PAGES_TO_SCAN SLEEP_MILLISECS: the time of a scan within 5 % and its CPU time within 20 %; not judged where the machine was busy.
price() {
    local name=price-$1-$2 nanoseconds scanned start outcome=0
    # shellcheck disable=SC2053
    [[ $name == $only ]] || return 0
    rows=$((rows + 1))
    set_knobs 256 0
    open_input
    folios small:u40000 || return 1
    one_scan && one_scan && one_scan || return 1
    write_knob pages_to_scan "$1"
    write_knob sleep_millisecs "$2"
    # shellcheck disable=SC2086
    $FASTKSM_EVALUATE --json --as-marked --pid "${pids[0]}" >"$work/predicted.json" || return 1
    write_knob run 1
    sleep 0.5
    nanoseconds=$(ksmd_nanoseconds) scanned=$(read_knob pages_scanned) start=$(date +%s%N)
    sleep 10
    nanoseconds=$(($(ksmd_nanoseconds) - nanoseconds)) scanned=$(($(read_knob pages_scanned) - scanned))
    python3 tools/ci/evaluate_live_price.py --name "$name" --elapsed-nanoseconds $(($(date +%s%N) - start)) \
        --ksmd-nanoseconds "$nanoseconds" --scanned "$scanned" "$work/predicted.json" || outcome=$?
    case $outcome in
    0) ;;
    2) unjudged=$((unjudged + 1)) ;;
    *) failed=$((failed + 1)) ;;
    esac
    close_input
    unmerge_all
}

all_rows() {
    local contents=(--identical 1000 --unique 500 --zero 300 --groups 20:7 --none 30 --read-only 10 --file 40
        --shared 50 --read-fault 50)
    # 1,080 pages of one content are 4 full frames and one of 56, 300 zero pages one full and one of 44. The 50 pages that were
    # only read are pages of zeroes too where reads take frames.
    row known-advised 256 0 marked,pages_shared=27,pages_sharing=$((1493 + $(frames_of_reads 50))),pages_unshared=500,ksm_zero_pages=0 \
        advised_pages "${contents[@]}"
    row known 256 0 rest known_pages "${contents[@]}" --locked 10
    row known 256 1 rest known_pages "${contents[@]}" --locked 10
    row known 4 0 rest known_pages "${contents[@]}" --locked 10
    row known-two 256 0 rest two_known_processes "${contents[@]}"
    # Without locked pages: their frames wait in a CPU's batch, merges with them fail, and the forks of the frames that
    # were converted for them never merge again (tests/README.md).
    row known-forked 256 0 rest known_pages "${contents[@]}" --children 4 --child-writes 5
    row known-forked 256 1 rest known_pages "${contents[@]}" --children 4 --child-writes 5
    row known-forked 4 0 rest known_pages "${contents[@]}" --children 4 --child-writes 5
    if huge_pages_are_to_be_had; then
        row known-huge 256 0 rest known_pages --huge 3:100:20 --identical 50 --zero 5
        row known-huge 256 1 rest known_pages --huge 3:100:20 --identical 50 --zero 5
        row known-huge-apart 256 0 rest known_pages --huge 3:0:0 --identical 50
        row known-huge-zero 256 0 rest known_pages --huge 3:512:0
        row known-huge-few 256 0 rest known_pages --huge 2:1:0
        row known-huge-few 256 0 rest known_pages --huge 1:1:0 --children 2
        row known-huge-forked 256 0 rest known_pages --huge 3:100:20 --children 2
    fi
    if huge_pages_are_to_be_had; then
        # Those of SettlingScanTests; the first is the slow way of Linux, one huge page a scan.
        row folios-zeroes 256 0 steps,pages_unshared=8 folios 'huge:u1,z511*8'
        row folios-zeroes 256 1 steps,pages_unshared=8 folios 'huge:u1,z511*8'
        row folios-alone 256 0 steps,pages_unshared=1530 folios huge:z5 huge:z1 huge:z1
        row folios-twins 256 0 steps,pages_shared=1,pages_unshared=509 folios huge:z1,e5x2
        row folios-twins 256 0 steps,pages_shared=1,pages_unshared=508 folios huge:e5x3,z1
        row folios-locked 256 0 steps,pages_shared=1,pages_sharing=99,pages_unshared=412 folios locked-huge:z100
        row folios-locked 256 1 steps,ksm_zero_pages=100,pages_unshared=412 folios locked-huge:z100
        row folios-locked 3 0 steps,pages_shared=33,pages_sharing=66,pages_unshared=413 folios locked-huge:z100
        row folios-locked-one 256 0 steps,pages_shared=1,pages_sharing=2,pages_unshared=1018 folios locked-huge:z3 huge:z3
    fi
    if middle_folios_are_to_be_had; then
        row folios-mid 256 0 steps,pages_unshared=961 folios 'mid:z1*64'
        row folios-mid 256 0 steps folios 'mid:z8*64'
        row folios-mid-locked 256 0 steps folios locked-mid:z2,e1x3 'mid:z1*3'
    fi
    pasted_lines advisor
    pasted_lines merged
    price 100 20
    price 10 20
    price 100 400
    row python-workers 256 0 rest python_workers
    row python-workers 256 1 rest python_workers
    row python-workers 4 0 rest python_workers
    row python-inherited 256 0 marked inherited_python_workers
    row python-busy 256 0 working python_busy
    row python-busy 256 1 working python_busy
    if command -v node >/dev/null; then
        row node-servers 256 0 rest node_servers
        row node-servers 256 1 rest node_servers
        row node-busy 256 0 working busy_node_servers
    fi
}

parse() {
    while [ $# -gt 0 ]; do
        case $1 in
        --force) force=1 ;;
        --only) only=${2:?"--only needs a pattern"} && shift ;;
        *) echo "usage: $0 [--force] [--only PATTERN]" >&2 && exit 2 ;;
        esac
        shift
    done
}

parse "$@"
require_host
take_lock
build
save_knobs
start_guard
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
python3 tools/ci/evaluate_live_row.py --header
all_rows
echo "$rows rows, $((rows - failed - unjudged)) agree, $failed do not, $unjudged not judged"
[ $rows -gt 0 ] || { echo "no row matches '$only'" >&2; exit 2; }
[ $failed -eq 0 ] || exit 1
[ $unjudged -lt $rows ] || exit 3
