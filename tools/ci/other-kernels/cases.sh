#!/bin/sh
# Runs in the virtual machine, under busybox: what evaluate forecasts, then what ksmd does. One argument: a pattern of rows.
#
# Written to file descriptor 3, one a line, and read by table.py:
#   kernel RELEASE NODES       which kernel this is
#   row CASE NAME              begins a row; what follows belongs to it
#   skip REASON                this kernel or machine lacks what the row needs
#   forecast JSON              all that evaluate printed, in one line
#   real COUNTER VALUE         what Linux counts at the end
#   compare PATH VALUE TOLERANCE   a value of the forecast, what was measured instead, and how many percent they may differ
#   compare-quiet PATH VALUE TOLERANCE   the same; where the forecast says that the machine was busy, a difference says nothing
#   same WHAT SAID MEASURED    two words that must be equal
#   note TEXT                  shown below the row
#   done                       ends a row
only=${1:-*}
ksm=/sys/kernel/mm/ksm
settled_scans=3
most_scans=40
pids=''

tell() { echo "$*" >&3; }

# The console shows how far it is; an evaluate that hangs ends its row, not the machine. Without acceleration, on a host that is
# at work, one takes up to two minutes.
evaluate_seconds=400

evaluate() {
    echo "$(cut -d ' ' -f 1 /proc/uptime) evaluate $*" >/dev/console
    timeout -s KILL $evaluate_seconds fastksm evaluate "$@" 3>&- 8>&-
}

knob() { sed 's/.*\[\(.*\)\].*/\1/' "$ksm/$1"; }

has() { [ -e "$ksm/$1" ]; }

set_knob() { ! has "$1" || echo "$2" >"$ksm/$1"; }

unmerge_all() {
    set_knob run 0
    set_knob run 2
    set_knob run 0
}

# One batch is one full scan, and every page is looked at in every scan.
reset_knobs() {
    unmerge_all
    set_knob advisor_mode none
    set_knob smart_scan 0
    set_knob pages_to_scan 1000000
    set_knob sleep_millisecs 20
    set_knob use_zero_pages 0
    set_knob merge_across_nodes 1
    set_knob max_page_sharing 256
}

# Writing run waits for the batch in progress: the counters are then those at the end of a full scan.
one_scan() {
    before=$(knob full_scans)
    tries=0
    set_knob run 1
    while [ "$(knob full_scans)" -eq "$before" ] && [ $tries -lt 1000 ]; do
        sleep 0.05
        tries=$((tries + 1))
    done
    set_knob run 0
}

counters() {
    for counter in pages_shared pages_sharing pages_unshared pages_volatile ksm_zero_pages stable_node_chains stable_node_dups; do
        ! has $counter || echo "$counter $(knob $counter)"
    done
}

settle() {
    last='' unchanged=0 scans=0
    while [ $unchanged -lt $settled_scans ] && [ $scans -lt $most_scans ]; do
        one_scan
        now=$(counters)
        if [ "$now" = "$last" ]; then unchanged=$((unchanged + 1)); else unchanged=0; fi
        last=$now
        scans=$((scans + 1))
    done
    [ $unchanged -ge $settled_scans ] || tell "note the counters still moved after $scans scans"
}

# Starts a workload; its "ready" line gives the pids. It ends when the pipe that it reads from does.
start() {
    rm -f /tmp/output
    "$@" </tmp/input >/tmp/output 2>/tmp/error 3>&- 8>&- &
    launched=$!
    tries=0
    while ! grep -q '^ready ' /tmp/output 2>/dev/null; do
        sleep 0.1
        tries=$((tries + 1))
        if [ $tries -gt 600 ] || ! kill -0 $launched 2>/dev/null; then
            tell "skip $(tr '\n' ' ' </tmp/error)"
            return 1
        fi
    done
    pids="$pids $(sed -n 's/^ready //p' /tmp/output)"
    options=''
    for pid in $pids; do options="$options --pid $pid"; done
}

# shellcheck disable=SC2086 # a list of options
forecast() {
    if evaluate $options --as-marked "$@" --json >/tmp/forecast 2>/tmp/error; then
        tell "forecast $(tr '\n' ' ' </tmp/forecast | sed 's/  */ /g')"
    else
        tell "note evaluate failed with $?: $(tr '\n' ' ' </tmp/error)"
    fi
}

real() { counters | while read -r line; do tell "real $line"; done; }

# row CASE NAME COMMAND...
row() {
    # shellcheck disable=SC2254 # a pattern on purpose
    case $1-$2 in $only) ;; *) return ;; esac
    echo "row $1 $2"
    tell "row $1 $2"
    pids='' options=''
    reset_knobs
    rm -f /tmp/input
    mkfifo /tmp/input
    exec 8<>/tmp/input
    shift 2
    "$@"
    exec 8>&-
    # shellcheck disable=SC2086
    [ -z "$pids" ] || kill -KILL $pids 2>/dev/null
    wait
    reset_knobs
    tell "done"
}

# ---- the cases --------------------------------------------------------------------------------------------------

odd_pages="--advise --identical 400 --zero 100 --unique 100"

at_rest() {
    start "$@" || return
    forecast --max-page-sharing 256
    settle
    real
}

# 02: two ids of one address space. The kernel is measured where prctl marks all of it, which 6.1 cannot.
two_ids() {
    if ! merge_exec true 2>/dev/null; then
        start one_memory "$1" 4000 1000 || return
        for pid in $pids; do
            evaluate --pid "$pid" --max-page-sharing 256 --json >/tmp/one 2>/dev/null
            evaluate $options --max-page-sharing 256 --json >/tmp/both 2>/dev/null
            for counter in pages_shared pages_sharing pages_unshared pages_volatile; do
                tell "same both-ids-$counter $(first_value $counter /tmp/both) $(first_value $counter /tmp/one)"
            done
            break
        done
        return
    fi
    start merge_exec one_memory "$1" 4000 1000 || return
    forecast --max-page-sharing 256
    settle
    real
}

first_value() { sed -n "s/^ *\"$1\": *\([0-9]*\).*/\1/p" "$2" | head -n 1; }

# 05: fresh pages beside merged ones, while ksmd runs: where kpageflags shows its bit for all anonymous pages, none of them is merged.
fresh_beside_merged() {
    # shellcheck disable=SC2086
    start known_pages --seed 1 $odd_pages || return
    settle
    # shellcheck disable=SC2086
    start known_pages --seed 2 $odd_pages || return
    forecast --max-page-sharing 256
    settle
    real
}

# 05, 06: merged pages, with run as given. 6.1 tells in no file of the process that they are merged.
merged_before() {
    # shellcheck disable=SC2086
    start known_pages $odd_pages || return
    settle
    set_knob sleep_millisecs 60000
    set_knob run "$1"
    forecast --max-page-sharing 256
    set_knob run 0
    set_knob sleep_millisecs 20
    settle
    real
}

nodes_apart() {
    set_knob merge_across_nodes "$1"
    start node_pages 2 1000 100 || return
    forecast --max-page-sharing 256 --merge-across-nodes "$1"
    settle
    real
}

# 12: what is printed under "fixed settings" is run as it stands, by a shell that stops at the first refusal.
pasted() {
    # shellcheck disable=SC2086
    start known_pages $odd_pages || return
    if [ "$1" = advisor ]; then
        has advisor_mode || { tell "skip this kernel has no advisor"; return; }
        set_knob advisor_mode scan-time
        set_knob run 1
    else
        settle
    fi
    forecast --max-page-sharing 64 --merge-across-nodes 0 --target-scan-time 90s
    # shellcheck disable=SC2086
    evaluate $options --as-marked --max-page-sharing 64 --merge-across-nodes 0 --target-scan-time 90s >/tmp/text 2>/tmp/error
    sed -n '/# fixed settings/,/^ *$/p' /tmp/text | sed 's/^ *//' >/tmp/pasted
    grep -q '^echo' /tmp/pasted || tell "note no lines to paste: $(tr '\n' ' ' </tmp/error)"
    sh -e /tmp/pasted >/tmp/refusal 2>&1
    tell "same exit-code 0 $?"
    [ ! -s /tmp/refusal ] || tell "note $(tr '\n' ' ' </tmp/refusal)"
    set_knob run 0
    tell "compare total.target.pages_to_scan $(knob pages_to_scan) 0"
    tell "compare total.target.sleep_millisecs $(knob sleep_millisecs) 0"
    tell "compare knobs.max_page_sharing $(knob max_page_sharing) 0"
    tell "compare knobs.merge_across_nodes $(knob merge_across_nodes) 0"
}

# 13: few pages and a large pages_to_scan: ksmd sleeps once a scan however few its pages.
time_of_a_scan() {
    # shellcheck disable=SC2086
    start known_pages $odd_pages || return
    settle
    set_knob run 1
    sleep 2
    forecast --max-page-sharing 256 --target-scan-time 1h
    scans=$(knob full_scans)
    from=$(cut -d ' ' -f 1 /proc/uptime)
    sleep 20
    scans=$(($(knob full_scans) - scans))
    to=$(cut -d ' ' -f 1 /proc/uptime)
    set_knob run 0
    tell "compare-quiet total.scan.scan_seconds $(echo "$from $to $scans" | awk '{ printf "%.5f", ($2 - $1) / $3 }') 5"
    tell "compare total.target.scan_seconds 3600 5"
}

# 18: a kernel without the prctl must be named, and where there is one the started program must have the setting.
exec_merging() {
    if merge_exec true 2>/dev/null; then
        start fastksm exec --merge -- known_pages --unique 10 || return
        # ksm_stat tells it since 6.15 only.
        if grep -q '^VmFlags:.* mg' "/proc/${pids# }/smaps"; then said=merging; else said=nothing-merges; fi
        tell "same exec-merge $said merging"
    else
        fastksm exec --merge -- echo started >/tmp/output 2>/tmp/error 3>&- 8>&-
        tell "same exit-code $? 3"
        tell "same lines-of-the-program $(wc -l </tmp/output) 0"
    fi
    [ ! -s /tmp/error ] || tell "note $(tr '\n' ' ' </tmp/error)"
}

mid_folios() {
    size=/sys/kernel/mm/transparent_hugepage/hugepages-64kB/enabled
    [ -e $size ] || { tell "skip this kernel has no folios of 64 KiB"; return; }
    echo madvise >$size
    at_rest folios "mid:$1*64"
    echo never >$size
}

tell "kernel $(uname -r) $(ls -d /sys/devices/system/node/node* | wc -l)"
echo never >/sys/kernel/mm/transparent_hugepage/enabled
row 02 clone two_ids clone
row 02 vfork two_ids vfork
row 02 thread two_ids thread
row 05 fresh fresh_beside_merged
row 05 merged merged_before 1
row 06 stopped merged_before 0
row 07 apart nodes_apart 0
row 07 across nodes_apart 1
row 12 advisor pasted advisor
row 12 merged pasted merged
row 13 time time_of_a_scan
row 14 pinned at_rest pinned_pages 0 200
row 14 pinned-late at_rest pinned_pages 150 100
row 18 exec exec_merging
row 20 one-zero mid_folios z1
row 20 eight-zeroes mid_folios z8
