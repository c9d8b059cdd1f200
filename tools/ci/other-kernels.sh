#!/usr/bin/env bash
# Compares what `fastksm evaluate` forecasts with what ksmd does on kernels that this host does not run: Debian's 6.1 and 6.12, each in a
# virtual machine of two memory nodes. Not part of CI: it takes some 15 minutes, and downloads two kernels.
#
#   tools/ci/other-kernels.sh [--only PATTERN] [--kernel VMLINUZ]...
#
#   --only PATTERN     the rows to run, as CASE-NAME: '0[56]-*'
#   --kernel VMLINUZ   boot this image instead of Debian's; may be repeated
#
# The machine is emulated without acceleration, and its memory takes no part in the host's KSM. Its initramfs holds busybox, the tool as it is
# published, programs of tests/workloads and other-kernels/cases.sh. What is missing is installed by apt-get: it needs root for
# that, and x86-64. Kernels and tool are kept in .artifacts/other-kernels.
#
# Exit codes: 0 every row agreed, 1 a row did not, 2 bad usage, 3 skipped (the reason is on standard output).
#
#   FASTKSM_PUBLISHED   a folder with the tool published self-contained for linux-x64, instead of publishing it
#   FASTKSM_VM_SECONDS  how long a machine may run; default 1200
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly work=$PWD/.artifacts/other-kernels
readonly root=$work/root
readonly here=$PWD/tools/ci/other-kernels
readonly workloads=(folios known_pages merge_exec node_pages one_memory pinned_pages)
readonly debian_kernels=('linux-image-6\.1\.' 'linux-image-6\.12\.')
readonly vm_seconds=${FASTKSM_VM_SECONDS:-1200}
only='*' kernels=()
# shellcheck source=tools/ci/debian_kernel.sh
. tools/ci/debian_kernel.sh

skip() {
    echo "skipped: $1"
    exit 3
}

say() { echo "$*" >&2; }

install_packages() {
    local missing=()
    command -v qemu-system-x86_64 >/dev/null || missing+=(qemu-system-x86)
    command -v busybox >/dev/null || missing+=(busybox-static)
    command -v python3 >/dev/null || missing+=(python3)
    [ ${#missing[@]} -gt 0 ] || return 0
    [ "$(id -u)" -eq 0 ] || skip "needs ${missing[*]}, and root to install them"
    command -v apt-get >/dev/null || skip "needs ${missing[*]}, and there is no apt-get"
    say "installing ${missing[*]}"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}" >/dev/null
}

# Compiled ahead: an emulated processor takes half a minute to compile what one evaluation needs.
publish() {
    local output
    [ -z "${FASTKSM_PUBLISHED:-}" ] || { echo "$FASTKSM_PUBLISHED"; return; }
    say "publishing the tool"
    output=$(dotnet publish -c Release tools/fastksm -r linux-x64 --self-contained true -p:PublishReadyToRun=true -o "$work/tool" --nologo -v quiet 2>&1) ||
        { echo "$output" >&2; exit 1; }
    echo "$work/tool"
}

# Everything that the native parts of a program load. What is no such part ldd refuses.
copy_libraries() {
    local library
    { find "$1" -type f \( -name '*.so' -o -perm -u+x \) -exec ldd {} + 2>/dev/null || true; } |
        grep -o '/[^ ]*\.so[^ ]*' | grep -v "^$1" | grep -v ':$' | sort -u |
        while read -r library; do
            mkdir -p "$root$(dirname "$library")"
            cp -L "$library" "$root$library"
        done
    # .NET's cryptography opens these by name.
    for library in /usr/lib/x86_64-linux-gnu/lib{ssl,crypto}.so.3; do
        [ ! -e "$library" ] || cp -L "$library" "$root/lib/x86_64-linux-gnu/"
    done
}

build_root() {
    local tool=$1 name applet
    rm -rf "$root"
    mkdir -p "$root"/{bin,dev,opt,proc,root,sys,tmp}
    cp "$(command -v busybox)" "$root/bin/busybox"
    for applet in $(busybox --list); do
        [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
    done
    cp -r "$tool" "$root/opt/fastksm"
    ln -s /opt/fastksm/FastKsm.Cli "$root/bin/fastksm"
    copy_libraries "$root/opt/fastksm"
    for name in "${workloads[@]}"; do
        cc -std=gnu11 -O2 -Wall -Wextra -Werror -pthread -static "tests/workloads/$name.c" -o "$root/bin/$name"
    done
    install -m 755 "$here/init" "$root/init"
    cp "$here/cases.sh" "$root/cases.sh"
    echo "$only" >"$root/only"
    (cd "$root" && find . | busybox cpio -o -H newc 2>/dev/null) | gzip -1 >"$work/initrd.gz"
}

# The machine's console and what its cases found, in two files. The kernel's trial of its timer fails where the emulator gets no CPU for
# too long, and it would panic.
boot() {
    local kernel=$1 name=$2
    say "booting $name"
    rm -f "$work/$name.rows"
    timeout "$vm_seconds" nice -n 10 qemu-system-x86_64 -M q35,accel=tcg,mem-merge=off -cpu max -smp 2 -m 2400 \
        -object memory-backend-ram,id=m0,size=1200M -object memory-backend-ram,id=m1,size=1200M \
        -numa node,nodeid=0,memdev=m0,cpus=0 -numa node,nodeid=1,memdev=m1,cpus=1 \
        -display none -no-reboot -serial "file:$work/$name.console" -serial "file:$work/$name.rows" \
        -kernel "$kernel" -initrd "$work/initrd.gz" -append "console=ttyS0 panic=1 quiet mitigations=off no_timer_check" </dev/null >&2 ||
        say "$name: the emulator ended with $?; its console is $work/$name.console"
}

parse() {
    while [ $# -gt 0 ]; do
        case $1 in
        --only) only=${2:?"--only needs a pattern"} && shift ;;
        --kernel)
            [ -r "${2:-}" ] || { echo "--kernel: '${2:-}' is not a readable image" >&2; exit 2; }
            kernels+=("$(realpath "$2")") && shift
            ;;
        *) echo "usage: $0 [--only PATTERN] [--kernel VMLINUZ]..." >&2 && exit 2 ;;
        esac
        shift
    done
}

parse "$@"
[ "$(uname -m)" = x86_64 ] || skip "the tool is published for x86-64, and this host is $(uname -m)"
command -v cc >/dev/null || skip "there is no C compiler (cc)"
mkdir -p "$work"
install_packages
if [ ${#kernels[@]} -eq 0 ]; then
    for pattern in "${debian_kernels[@]}"; do
        image=$(debian_kernel "$pattern" "$work/kernels") || { echo "$image"; exit 3; }
        kernels+=("$image")
    done
fi
tool=$(publish)
build_root "$tool"
found=()
for kernel in "${kernels[@]}"; do
    name=$(basename "$kernel")
    boot "$kernel" "$name"
    touch "$work/$name.rows"
    found+=("$work/$name.rows")
done
python3 "$here/table.py" "${found[@]}"
