# shellcheck shell=bash
# What evaluate-live.sh and real-software.sh have in common: the host's settings and the guard that puts them back, processes that end with
# the script, ksmd scan by scan, and rows that compare a forecast with what came. Sourced, not run; from the repository's root.
#
# The script that sources it sets: work (a folder for its files), only (a pattern of rows), force (1: go on beside other mergeable processes).
# It may define again: keep_settings (notes what else has to be put back), restore_settings (puts that back; also run by the guard, when
# the script was killed).
#
#   FASTKSM_EVALUATE    another command instead of `fastksm evaluate`, with the same options and the same JSON
#   FASTKSM_MERGE_EXEC  another command instead of `fastksm exec --merge --`
#   FASTKSM_KSM_LOCK    the file that keeps two users of the host's KSM apart

readonly ksm=/sys/kernel/mm/ksm
readonly lock_file=${FASTKSM_KSM_LOCK:-/tmp/fastksm-ksm.lock}
readonly workloads=$PWD/tests/workloads
readonly knobs=(smart_scan sleep_millisecs use_zero_pages max_page_sharing merge_across_nodes pages_to_scan
    advisor_mode run)
readonly counters=(pages_shared pages_sharing pages_unshared pages_volatile ksm_zero_pages
    stable_node_chains stable_node_dups general_profit)
readonly settled_scans=4 most_scans=300 scan_seconds=120 most_rest_seconds=60
readonly least_steps=10
readonly working_scans=4 working_samples=8 working_pause=1 attempts=3

declare -A saved=()
most_ready_seconds=60 rows=0 failed=0 unjudged=0 zero_pages_of_nobody=0
launched=() pids=() ports=() guard=

keep_settings() { :; }

restore_settings() { :; }

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
    [ -d $ksm ] || skip "this kernel has no KSM: $ksm is missing"
    [ "$(id -u)" -eq 0 ] && [ -w $ksm/run ] || skip "$ksm/run is not writable: run it as root, outside of a container"
    grep -qs '^ksm_mergeable' /proc/self/ksm_stat ||
        skip "/proc/PID/ksm_stat does not tell which processes have mergeable memory: needs a newer kernel"
    command -v cc >/dev/null || skip "there is no C compiler (cc)"
    command -v python3 >/dev/null || skip "there is no python3"
    exec 9>"$lock_file"
}

# Waits until nobody else uses the host's KSM.
take_lock() {
    local others
    flock 9
    others=$(other_mergeable_processes | paste -sd ' ')
    [ -z "$others" ] || [ "$force" -eq 1 ] ||
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
    keep_settings
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

# ---- the tool and processes that end with the script ------------------------------------------------------------

build_tool() {
    local output tool
    mkdir -p "$work"
    if [ -z "${FASTKSM_EVALUATE:-}" ]; then
        output=$(dotnet build -c Release tools/fastksm --nologo -v quiet 2>&1) || { echo "$output" >&2; exit 1; }
        tool=$(dotnet msbuild tools/fastksm -p:Configuration=Release -getProperty:TargetPath)
        FASTKSM_EVALUATE="dotnet $tool evaluate"
        FASTKSM_MERGE_EXEC=${FASTKSM_MERGE_EXEC:-"dotnet $tool exec --merge --"}
    fi
    FASTKSM_MERGE_EXEC=${FASTKSM_MERGE_EXEC:-"$work/merge_exec"}
}

# Sets pids to those of all processes with mergeable memory: the lock keeps everyone else's away.
find_mergeable() {
    mapfile -t pids < <(grep -ls '^ksm_mergeable: yes' /proc/[0-9]*/ksm_stat | cut -d / -f 3)
    [ ${#pids[@]} -gt 0 ] || { echo "no process has mergeable memory" >&2; return 1; }
}

# Stops them all but the first process of a namespace and the one that waits for it, which run no more and have to end with the input.
stop_processes() {
    local pid tries
    for pid in "${pids[@]}"; do
        is_keeper "$pid" || kill -STOP "$pid" || return 1
    done
    for pid in "${pids[@]}"; do
        is_keeper "$pid" && continue
        for ((tries = 0; tries < 100; tries++)); do
            [ "$(cat /proc/"$pid"/task/*/stat | sed 's/.*) //' | grep -cv '^T')" -gt 0 ] || break
            sleep 0.1
        done
        [ $tries -lt 100 ] || { echo "process $pid does not stop" >&2; return 1; }
    done
}

is_keeper() {
    [[ " ${launched[*]} " == *" $1 "* ]] || grep -q '^NSpid:.*[[:space:]]1$' "/proc/$1/status"
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
    read -r -a words < <(sed -n 's/^ready *//p' "$output")
    if [[ $* == *node_server* ]]; then
        pids+=("${words[0]}") ports+=("${words[1]}")
    else
        pids+=("${words[@]}")
    fi
}

wait_until_ready() {
    local tries
    for ((tries = 0; tries < most_ready_seconds * 10; tries++)); do
        ! grep -qs '^ready' "$1" || return 0
        kill -0 "$2" 2>/dev/null || return 1
        sleep 0.1
    done
    return 1
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

# row NAME MAX_PAGE_SHARING USE_ZERO_PAGES rest|working|marked|steps|stopped|busy[,COUNTER=VALUE...] START [ARGUMENT...]
# All but "rest" and "working" evaluate only what is marked mergeable today; "steps" also compares what stands after 1, 3 and 10 scans.
# "stopped" and "busy" are about all processes with mergeable memory. The former are stopped, and every counter must be equal; the latter
# work, and a counter must be within 1 % or in the range that was predicted. A counter given with its value is checked as well.
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
    case $kind in marked | steps | stopped | busy) options+=(--as-marked) ;; esac
    case $kind in working | busy) options+=(--observe 2s) ;; esac

    open_input
    "$@" || return 1
    case $kind in
        stopped) find_mergeable && stop_processes || return 1 ;;
        busy) find_mergeable || return 1 ;;
        working) ;;
        *) wait_for_rest || return 1 ;;
    esac
    for pid in "${pids[@]}"; do options+=(--pid "$pid"); done
    before=$(activity)
    # shellcheck disable=SC2086
    $FASTKSM_EVALUATE "${options[@]}" >"$work/predicted.json" || { echo "$name: evaluate failed" >&2; return 1; }

    nanoseconds=$(ksmd_nanoseconds) scanned=$(read_knob pages_scanned)
    case $kind in
        working | busy) settle_working || return 1 ;;
        steps) settle_in_steps || return 1 ;;
        *) settle_at_rest || return 1 ;;
    esac
    nanoseconds=$(($(ksmd_nanoseconds) - nanoseconds)) scanned=$(($(read_knob pages_scanned) - scanned))
    sample_processes
    ran=no
    [ "$kind" = working ] || [ "$kind" = busy ] || [ "$before" = "$(activity)" ] || ran=yes

    python3 tools/ci/evaluate_live_row.py --name "$name" --limit "$limit" --zero "$zero" --kind "$kind" \
        --ran "$ran" --ksmd-nanoseconds "$nanoseconds" --scanned "$scanned" --expected "$expected" "$work"
}

huge_pages_are_to_be_had() {
    ! grep -qs '\[never\]' /sys/kernel/mm/transparent_hugepage/enabled &&
        [ -e /sys/kernel/mm/transparent_hugepage/enabled ]
}

# The guard holds the lock, and the reading end of a pipe that nothing is written to. Only this script and what it starts in the
# foreground hold the other end, so the pipe ends when they do, even by SIGKILL. Then the guard puts the settings back.
start_guard() {
    rm -f "$work/guard"
    mkfifo "$work/guard"
    (
        trap '' INT TERM HUP
        cat "$work/guard" >/dev/null
        flock 9
        restore_knobs
        restore_settings
    ) </dev/null 8>&- &
    guard=$!
    exec 7>"$work/guard"
}

clean_up() {
    trap '' INT TERM
    close_input 2>/dev/null || true
    exec 7>&-
    wait "$guard"
}
