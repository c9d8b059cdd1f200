#!/usr/bin/env bash
# Compares what `fastksm evaluate` predicts for real software with what Linux then really does.
#
#   tools/ci/real-software.sh [--force] [--only PATTERN] [--seconds N] [--list]
#
#   --only PATTERN   the rows to run: 'redis*', '*-busy'
#   --seconds N      how long the light load lasts before a working row is evaluated; default 3
#   --list           print the rows and what is installed for them, run nothing
#
# Each row starts several instances with merging enabled (`fastksm exec --merge`) and ksmd stopped, gives them data, evaluates what is
# marked, lets ksmd merge, and compares. NAME and NAME-zero (use_zero_pages=1), NAME-huge (huge pages, for all memory), NAME-swapped (half of
# it was paged out, and some came back): the processes are stopped by SIGSTOP, and every counter must be equal, those of each process
# too. NAME-busy and NAME-busy-zero: they answer a light load, and each counter must be within 1 % or in the range that was printed.
#
# Needs root, KSM in Linux 6.12 or later, cc, python3, unshare and nsenter. It installs Debian's packages of the software (services are not
# started). Everything runs in a pid namespace that ends with the script, however that ends, and in a network namespace whose
# only interface is its own loopback. All settings of KSM, of huge pages and of swap are put back. It takes the lock of `conform` for each row.
# A row takes half a minute to two minutes; all take an hour.
#
# Exit codes: 0 every row agreed, 1 a row did not, 2 bad usage, 3 skipped (the reason is on standard output).
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly here=$PWD/tools/ci/real-software
readonly work=$PWD/.artifacts/real-software
readonly huge=/sys/kernel/mm/transparent_hugepage/enabled
readonly swap_megabytes=512
force=0 only='*' load_seconds=3 list=0 huge_before='' folder='' load=()
# shellcheck source=tools/ci/live_ksm.sh
. tools/ci/live_ksm.sh
# shellcheck source=tools/ci/debian_kernel.sh
. tools/ci/debian_kernel.sh
most_ready_seconds=300

# The packages of each kind of software, and its rows.
declare -Ar packages=(
    [redis]='redis-server redis-tools' [postgres]=postgresql [nginx]='nginx-light php-fpm'
    [jvm-serial]=openjdk-17-jdk-headless [jvm-parallel]=openjdk-17-jdk-headless [jvm-g1]=openjdk-17-jdk-headless
    [jvm-z]=openjdk-17-jdk-headless [node]=nodejs [ruby]=ruby [numpy]=python3-numpy [gunicorn]=gunicorn [memcached]=memcached
    [chromium]=chromium [qemu]='qemu-system-x86 busybox-static' [qemu-locked]='qemu-system-x86 busybox-static'
)
readonly all_software=(redis postgres nginx jvm-serial jvm-parallel jvm-g1 jvm-z node ruby numpy gunicorn memcached chromium qemu
    qemu-locked)
readonly variants=('' -zero -huge -swapped -busy -busy-zero)

say() { echo "$*" >&2; }

row_names() {
    local software variant
    for software in "${all_software[@]}"; do
        for variant in "${variants[@]}"; do
            # What is locked does not go to swap.
            [ "$software$variant" != qemu-locked-swapped ] || continue
            # shellcheck disable=SC2053 # a pattern on purpose
            [[ $software$variant != $only ]] || echo "$software $variant"
        done
    done
}

# ---- what is installed ------------------------------------------------------------------------------------------

# A package may ask for its service to be started; this says no, as containers do.
install_packages() {
    local package missing=() policy=/usr/sbin/policy-rc.d made=no
    for package in "$@"; do
        dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q 'ok installed$' || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    command -v apt-get >/dev/null || skip "needs ${missing[*]}, and there is no apt-get"
    say "installing ${missing[*]}"
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' >$policy
        chmod +x $policy
        made=yes
    fi
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >"$work/apt.log" 2>&1 || made=${made}-failed
    [ "${made%-failed}" = no ] || rm $policy
    [[ $made != *-failed ]] || skip "apt-get cannot install ${missing[*]}: $(tail -n 1 "$work/apt.log")"
}

build() {
    cc -std=gnu11 -O2 -Wall -Wextra -Werror "$workloads/merge_exec.c" -o "$work/merge_exec"
    case $1 in
        jvm-*) javac -d "$work/classes" "$workloads/services/JvmServer.java" ;;
        qemu*) build_guest ;;
    esac
}

build_guest() {
    local kernel
    [ ! -e "$work/guest.initrd" ] || return 0
    kernel=$(debian_kernel 'linux-image-6\.1\.' "$work/kernels") || { echo "$kernel"; exit 3; }
    rm -rf "$work/guest"
    mkdir -p "$work/guest"/{bin,proc,tmp,dev}
    cp "$(command -v busybox)" "$work/guest/bin/"
    busybox --list | grep -vx busybox | while read -r applet; do ln -s busybox "$work/guest/bin/$applet"; done
    install -m 755 "$here/guest-init" "$work/guest/init"
    mknod "$work/guest/dev/ttyS0" c 4 64
    mknod "$work/guest/dev/console" c 5 1
    cp "$kernel" "$work/guest.kernel"
    (cd "$work/guest" && find . | busybox cpio -o -H newc 2>/dev/null) | gzip -1 >"$work/guest.initrd"
}

# ---- the settings that are put back -----------------------------------------------------------------------------

keep_settings() { [ ! -w $huge ] || huge_before=$(sed 's/.*\[\(.*\)\].*/\1/' $huge); }

restore_settings() {
    [ -z "$huge_before" ] || echo "$huge_before" >$huge
    if [ -e "$work/swap" ]; then
        swapoff "$work/swap" 2>/dev/null || true
        rm -f "$work/swap"
    fi
    [ -z "$folder" ] || rm -rf "$folder"
}

set_huge() { [ -z "$huge_before" ] || echo "$1" >$huge; }

swap_on() {
    fallocate -l ${swap_megabytes}M "$work/swap" && chmod 600 "$work/swap" && mkswap -q "$work/swap" && swapon "$work/swap"
}

swap_off() {
    swapoff "$work/swap" && rm -f "$work/swap"
}

# ---- the software -----------------------------------------------------------------------------------------------

# Starts it, and leaves it as a row of this kind wants it. Huge pages are switched off again before ksmd begins: khugepaged would
# put together what ksmd takes apart, at any moment.
serve() {
    local software=$1 variant=$2
    rm -rf "${folder:?}"/*
    cp -r "$work"/classes "$work"/guest.kernel "$work"/guest.initrd "$folder/" 2>/dev/null || true
    if [ "$variant" = -huge ]; then set_huge always; else set_huge never; fi
    # In a session of its own: when the shell that started this script ends, Linux hangs up on stopped processes of its process group.
    # shellcheck disable=SC2086 # a command and its arguments
    start $FASTKSM_MERGE_EXEC setsid unshare --pid --fork --kill-child --mount-proc --net \
        bash "$here/serve.sh" "$software" "$folder" || return 1
    [ "$variant" != -swapped ] || page_out_half "$software" || return 1
    case $variant in
        -busy*)
            set_load 300 "$software"
            "${load[@]}" 7>&- 8>&- 9>&- &
            launched+=($!)
            sleep "$load_seconds"
            ;;
        *) set_huge never ;;
    esac
}

page_out_half() {
    local kibibytes
    find_mergeable
    kibibytes=$(python3 "$here/page_out.py" "${pids[@]}")
    [ "$kibibytes" -gt 1024 ] || { echo "only $kibibytes KiB went to swap" >&2; return 1; }
    set_load 2 "$1"
    "${load[@]}"
}

# set_load SECONDS SOFTWARE: the command that loads it, from outside, without merging. What has work of its own needs none.
set_load() {
    local protocol=http rate=50 ports
    case $2 in
        redis) protocol=redis rate=200 ports='7001 7002 7003 7004' ;;
        nginx) rate=20 ports=7021 ;;
        jvm-*) rate=10 ports='7031 7032 7033' ;;
        node) ports=$(cat "$folder/ports") ;;
        ruby) ports=7041 ;;
        numpy) ports='7051 7052 7053 7054' ;;
        gunicorn) ports='7061 7062' ;;
        memcached) protocol=memcached rate=200 ports='7071 7072 7073' ;;
        postgres | chromium | qemu*)
            load=(sleep "$1")
            return
            ;;
    esac
    # shellcheck disable=SC2206 # a list of ports
    load=(nsenter --target "${launched[0]}" --net python3 "$here/load.py" $protocol "$1" $rate $ports)
}

software_row() {
    local software=$1 variant=$2 kind=stopped zero=0
    case $variant in -busy*) kind=busy ;; esac
    case $variant in *-zero) zero=1 ;; esac
    # shellcheck disable=SC2086 # a list of packages
    install_packages ${packages[$software]}
    build "$software"
    take_lock
    if [ "$variant" = -swapped ] && ! swap_on; then
        swap_off 2>/dev/null || rm -f "$work/swap"
        echo "$software$variant: skipped: no file here can be used for swap"
    else
        only='*' row "$software$variant" 256 $zero $kind serve "$software" "$variant"
        [ "$variant" != -swapped ] || swap_off
    fi
    restore_knobs
    set_huge "$huge_before"
    flock -u 9
    # Those who wait for the lock get their turn.
    sleep 2
}

parse() {
    while [ $# -gt 0 ]; do
        case $1 in
            --force) force=1 ;;
            --only) only=${2:?"--only needs a pattern"} && shift ;;
            --seconds) load_seconds=${2:?"--seconds needs a number"} && shift ;;
            --list) list=1 ;;
            *) echo "usage: $0 [--force] [--only PATTERN] [--seconds N] [--list]" >&2 && exit 2 ;;
        esac
        shift
    done
    [[ $load_seconds =~ ^[0-9]+$ ]] || { echo "--seconds: '$load_seconds' is not a whole number" >&2; exit 2; }
}

parse "$@"
mapfile -t chosen < <(row_names)
[ ${#chosen[@]} -gt 0 ] || { echo "no row matches '$only'" >&2; exit 2; }
if [ $list -eq 1 ]; then
    for pair in "${chosen[@]}"; do
        read -r software variant <<<"$pair"
        printf '%-22s %s\n' "$software$variant" "${packages[$software]}"
    done
    exit 0
fi
mkdir -p "$work"
require_host
build_tool
# In /tmp, since some of the software runs as a user who may not enter every folder.
folder=$(mktemp -d /tmp/fastksm-real-software.XXXXXX)
chmod 755 "$folder"
# Under the lock, or what another run has set for itself would be kept.
take_lock
save_knobs
flock -u 9
start_guard
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
python3 tools/ci/evaluate_live_row.py --header
for pair in "${chosen[@]}"; do
    read -r software variant <<<"$pair"
    software_row "$software" "$variant"
done
echo "$rows rows, $((rows - failed)) agree, $failed do not"
[ $failed -eq 0 ] || exit 1
