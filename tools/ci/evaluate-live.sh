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

readonly ksm=/sys/kernel/mm/ksm
readonly lock_file=${FASTKSM_KSM_LOCK:-/tmp/fastksm-ksm.lock}
readonly middle_folios=/sys/kernel/mm/transparent_hugepage/hugepages-64kB/enabled
readonly work=$PWD/.artifacts/evaluate-live
readonly workloads=$PWD/tests/workloads
readonly knobs=(smart_scan sleep_millisecs use_zero_pages max_page_sharing merge_across_nodes pages_to_scan
    advisor_mode run)
readonly counters=(pages_shared pages_sharing pages_unshared pages_volatile ksm_zero_pages
    stable_node_chains stable_node_dups general_profit)
readonly settled_scans=4 most_scans=300 scan_seconds=120 most_rest_seconds=60
readonly least_steps=10
readonly working_scans=4 working_samples=8 working_pause=1 attempts=3

declare -A saved=()
force=0 only='*' middle_folios_before='' rows=0 failed=0 unjudged=0 zero_pages_of_nobody=0
launched=() pids=() ports=() guard=

# ---- what the host must permit ----------------------------------------------------------------------------------

skip() {
    echo "skipped: $1"
    exit 3
}

other_mergeable_processes() {
    local directory
    for directory in /proc/[0-9]*; do
        if grep -qs '^ksm_mergeable: yes' "$directory/ksm_stat"; then
            echo "${directory#/proc/} ($(cat "$directory/comm" 2>/dev/null || echo gone))"
        fi
    done
}

require_host() {
    local others
    [ -d $ksm ] || skip "this kernel has no KSM: $ksm is missing"
    [ "$(id -u)" -eq 0 ] && [ -w $ksm/run ] || skip "$ksm/run is not writable: run it as root, outside of a container"
    grep -qs '^ksm_mergeable' /proc/self/ksm_stat ||
        skip "/proc/PID/ksm_stat does not tell which processes have mergeable memory: needs a newer kernel"
    command -v cc >/dev/null || skip "there is no C compiler (cc)"
    command -v python3 >/dev/null || skip "there is no python3"
    exec 9>"$lock_file"
    flock 9
    others=$(other_mergeable_processes | paste -sd ' ')
    [ -z "$others" ] || [ $force -eq 1 ] ||
        skip "other processes have mergeable memory and would count as well (--force runs nevertheless): $others"
}

# ---- the settings of KSM ----------------------------------------------------------------------------------------

# advisor_mode shows all its words, the active one in brackets.
read_knob() { sed 's/.*\[\(.*\)\].*/\1/' "$ksm/$1"; }

write_knob() { [ ! -e "$ksm/$1" ] || echo "$2" >"$ksm/$1"; }

save_knobs() {
    local knob
    for knob in "${knobs[@]}"; do
        [ ! -e "$ksm/$knob" ] || saved[$knob]=$(read_knob "$knob")
    done
}

# A write of the current value does nothing, hence the 0 before the 2. It also forgets processes that have exited.
unmerge_all() {
    write_knob run 0
    write_knob run 2
    write_knob run 0
}

# pages_to_scan cannot be written while the advisor is on; the advisor and run come last in the list.
restore_knobs() {
    local knob
    unmerge_all
    write_knob advisor_mode none
    for knob in "${knobs[@]}"; do
        [ -z "${saved[$knob]:-}" ] || write_knob "$knob" "${saved[$knob]}"
    done
}

# One batch is one full scan, and every page is looked at in every scan.
set_knobs() {
    unmerge_all
    write_knob advisor_mode none
    write_knob smart_scan 0
    write_knob pages_to_scan 100000000
    write_knob sleep_millisecs 20
    write_knob merge_across_nodes 1
    write_knob max_page_sharing "$1"
    write_knob use_zero_pages "$2"
    note_zero_pages_of_nobody
}

# ---- the tool and the workloads ---------------------------------------------------------------------------------

build() {
    local output flags=(-std=gnu11 -O2 -Wall -Wextra -Werror)
    mkdir -p "$work"
    cc "${flags[@]}" "$workloads/known_pages.c" -o "$work/known_pages"
    cc "${flags[@]}" "$workloads/folios.c" -o "$work/folios"
    cc "${flags[@]}" "$workloads/merge_exec.c" -o "$work/merge_exec"
    cc "${flags[@]}" -shared -fPIC "$workloads/mark_stack.c" -o "$work/mark_stack.so"
    if [ -z "${FASTKSM_EVALUATE:-}" ]; then
        output=$(dotnet build -c Release tools/fastksm --nologo -v quiet 2>&1) || { echo "$output" >&2; exit 1; }
        tool=$(dotnet msbuild tools/fastksm -p:Configuration=Release -getProperty:TargetPath)
        FASTKSM_EVALUATE="dotnet $tool evaluate"
        FASTKSM_MERGE_EXEC=${FASTKSM_MERGE_EXEC:-"dotnet $tool exec --merge --"}
    fi
    FASTKSM_MERGE_EXEC=${FASTKSM_MERGE_EXEC:-"$work/merge_exec"}
}

# Every workload of a row reads from this pipe, and only this script can write to it: it ends, and they end with it,
# when the row is over or when the script dies, however it does.
open_input() {
    rm -f "$work/input"
    mkfifo "$work/input"
    exec 8<>"$work/input"
    launched=() pids=() ports=()
}

close_input() {
    local process tries
    exec 8>&-
    for process in "${launched[@]}"; do
        for ((tries = 0; tries < 50; tries++)); do
            kill -0 "$process" 2>/dev/null || break
            sleep 0.1
        done
        kill -KILL "$process" 2>/dev/null || true
        wait "$process" 2>/dev/null || true
    done
    launched=()
}

# Starts a command without merging; its "ready" line gives the pids, or for a server its pid and its port.
start() {
    local output=$work/output.${#launched[@]} words
    rm -f "$output"
    "$@" <"$work/input" >"$output" 7>&- 8>&- 9>&- &
    launched+=($!)
    wait_until_ready "$output" $! || { cat "$output" >&2; return 1; }
    read -r -a words < <(sed -n 's/^ready //p' "$output")
    if [[ $* == *node_server* ]]; then
        pids+=("${words[0]}") ports+=("${words[1]}")
    else
        pids+=("${words[@]}")
    fi
}

wait_until_ready() {
    local tries
    for ((tries = 0; tries < 600; tries++)); do
        ! grep -qs '^ready ' "$1" || return 0
        kill -0 "$2" 2>/dev/null || return 1
        sleep 0.1
    done
    return 1
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

# ---- measuring --------------------------------------------------------------------------------------------------

# CPU time in nanoseconds and minor faults of all threads: both stand still while a process is at rest.
activity() {
    local pid
    for pid in "${pids[@]}"; do
        cat /proc/"$pid"/task/*/schedstat | cut -d ' ' -f 1
        sed 's/.*) //' "/proc/$pid/stat" | cut -d ' ' -f 8
    done | paste -sd ' '
}

# A server's heap is shrunk by its garbage collector some 8 seconds after the last request.
wait_for_rest() {
    local last now second quiet=0 rest_seconds=2
    [ ${#ports[@]} -eq 0 ] || rest_seconds=10
    last=$(activity)
    for ((second = 0; second < most_rest_seconds; second++)); do
        sleep 1
        now=$(activity)
        if [ "$now" = "$last" ]; then quiet=$((quiet + 1)); else quiet=0; fi
        [ $quiet -lt $rest_seconds ] || return 0
        last=$now
    done
    echo "the processes did not come to rest" >&2
    return 1
}

# Where a process forks while it maps zero pages that its child does not get, Linux counts them for ever. What is counted
# while nothing is merged is nobody's, and not to be forecast.
note_zero_pages_of_nobody() { zero_pages_of_nobody=$(read_knob ksm_zero_pages); }

# Writing run waits for the batch in progress: the counters are then those at the end of a full scan.
one_scan() {
    local before tries
    before=$(read_knob full_scans)
    write_knob run 1
    for ((tries = 0; tries < scan_seconds * 100; tries++)); do
        [ "$(read_knob full_scans)" -eq "$before" ] || break
        sleep 0.01
    done
    write_knob run 0
    [ "$(read_knob full_scans)" -gt "$before" ] || { echo "ksmd did not finish a scan" >&2; return 1; }
}

sample_counters() {
    local counter surplus
    for counter in "${counters[@]}"; do
        case $counter in
            ksm_zero_pages) surplus=$zero_pages_of_nobody ;;
            general_profit) surplus=$((zero_pages_of_nobody * $(getconf PAGE_SIZE))) ;;
            *) surplus=0 ;;
        esac
        echo "$counter $(($(read_knob "$counter") - surplus))"
    done
}

# No pages_volatile limit is needed: volatile pages that do not go away (shared only by fork) stand still too.
settle_at_rest() {
    local last='' now unchanged=0 scan
    for ((scan = 0; scan < most_scans; scan++)); do
        one_scan || return 1
        now=$(sample_counters)
        if [ "$now" = "$last" ]; then unchanged=$((unchanged + 1)); else unchanged=0; fi
        last=$now
        [ $unchanged -lt $settled_scans ] || break
    done
    echo "$now" >"$work/kernel"
}

# Scan by scan: a batch is a scan, and ksmd sleeps until another value wakes it. What stands after each is kept.
settle_in_steps() {
    local scan before tries scans
    # One more than it is said to take, so that what stands in the end is compared too.
    scans=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["total"]["settling"]["scans"] + 1)' "$work/predicted.json")
    [ "$scans" -ge $least_steps ] || scans=$least_steps
    : >"$work/stages"
    write_knob sleep_millisecs 100000
    for ((scan = 1; scan <= scans; scan++)); do
        before=$(read_knob full_scans)
        if [ $scan -eq 1 ]; then write_knob run 1; else write_knob sleep_millisecs $((100000 + (scan + 1) % 2)); fi
        for ((tries = 0; tries < scan_seconds * 100; tries++)); do
            [ "$(read_knob full_scans)" -eq "$before" ] || break
            sleep 0.01
        done
        [ "$(read_knob full_scans)" -eq $((before + 1)) ] || { echo "ksmd did not do one scan" >&2; return 1; }
        sample_counters | sed "s/^/$scan /" >>"$work/stages"
    done
    write_knob run 0
    sample_counters >"$work/kernel"
}

# A page that is written all the time merges in one scan and is copied before the next; if all its sharers have written
# it, its node is stale, and the next search that passes over it takes out items that this scan has already visited.
# So working processes always show somewhat less than the same processes would at rest.
settle_working() {
    local scan
    : >"$work/kernel"
    for ((scan = 0; scan < working_scans + working_samples; scan++)); do
        sleep $working_pause
        one_scan || return 1
        [ $scan -lt $working_scans ] || sample_counters >>"$work/kernel"
    done
}

sample_processes() {
    local pid
    for pid in "${pids[@]}"; do
        sed -n "s/^\(ksm_[a-z_]*\):\? \(-\?[0-9]*\)$/$pid \1 \2/p" "/proc/$pid/ksm_stat"
    done >"$work/processes"
}

# ksmd is a kernel thread; in a pid namespace of one's own it is not to be seen.
ksmd_nanoseconds() {
    local directory
    for directory in /proc/[0-9]*; do
        if [ "$(cat "$directory/comm" 2>/dev/null)" = ksmd ]; then
            cut -d ' ' -f 1 "$directory/schedstat"
            return
        fi
    done
    echo 0
}

# ---- rows -------------------------------------------------------------------------------------------------------

# row NAME MAX_PAGE_SHARING USE_ZERO_PAGES rest|working|marked|steps[,COUNTER=VALUE...] START [ARGUMENT...]
# "marked" and "steps" evaluate only what is marked mergeable today; "steps" also compares what stands after 1, 3 and 10 scans. A counter given with its value is checked as well.
row() {
    local attempt outcome
    # shellcheck disable=SC2053 # a pattern on purpose
    [[ $1 == $only ]] || return 0
    rows=$((rows + 1))
    for ((attempt = 1; attempt <= attempts; attempt++)); do
        outcome=0
        measure "$@" || outcome=$?
        close_input
        unmerge_all
        # 2: they differ, but the processes did not stay at rest, so it says nothing.
        [ $outcome -eq 2 ] || break
    done
    [ $outcome -eq 0 ] || failed=$((failed + 1))
}

measure() {
    local name=$1 limit=$2 zero=$3 kind=${4%%,*} expected=${4#"${4%%,*}"} options=(--json) pid ran before nanoseconds scanned
    shift 4
    set_knobs "$limit" "$zero"
    options+=(--max-page-sharing "$limit" --use-zero-pages "$zero")
    rm -f "$work/stages"
    [ "$kind" != marked ] && [ "$kind" != steps ] || options+=(--as-marked)
    [ "$kind" != working ] || options+=(--observe 2s)

    open_input
    "$@" || return 1
    [ "$kind" = working ] || wait_for_rest || return 1
    for pid in "${pids[@]}"; do options+=(--pid "$pid"); done
    before=$(activity)
    # shellcheck disable=SC2086
    $FASTKSM_EVALUATE "${options[@]}" >"$work/predicted.json" || { echo "$name: evaluate failed" >&2; return 1; }

    nanoseconds=$(ksmd_nanoseconds) scanned=$(read_knob pages_scanned)
    case $kind in
        working) settle_working || return 1 ;;
        steps) settle_in_steps || return 1 ;;
        *) settle_at_rest || return 1 ;;
    esac
    nanoseconds=$(($(ksmd_nanoseconds) - nanoseconds)) scanned=$(($(read_knob pages_scanned) - scanned))
    sample_processes
    ran=no
    [ "$kind" = working ] || [ "$before" = "$(activity)" ] || ran=yes

    python3 tools/ci/evaluate_live_row.py --name "$name" --limit "$limit" --zero "$zero" --kind "$kind" \
        --ran "$ran" --ksmd-nanoseconds "$nanoseconds" --scanned "$scanned" --expected "$expected" "$work"
}

huge_pages_are_to_be_had() {
    ! grep -qs '\[never\]' /sys/kernel/mm/transparent_hugepage/enabled &&
        [ -e /sys/kernel/mm/transparent_hugepage/enabled ]
}

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
    middle_folios_before=$(sed 's/.*\[\(.*\)\].*/\1/' $middle_folios)
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

# The guard holds the lock, and the reading end of a pipe that nothing is written to. Only this script and what it starts in the
# foreground hold the other end, so the pipe ends when they do, even by SIGKILL. Then the guard puts the settings back.
start_guard() {
    rm -f "$work/guard"
    mkfifo "$work/guard"
    (
        trap '' INT TERM HUP
        cat "$work/guard" >/dev/null
        restore_knobs
    ) </dev/null 8>&- &
    guard=$!
    exec 7>"$work/guard"
}

clean_up() {
    trap '' INT TERM
    close_input 2>/dev/null || true
    [ -z "$middle_folios_before" ] || echo "$middle_folios_before" >$middle_folios
    exec 7>&-
    wait "$guard"
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
