# shellcheck shell=bash
# Debian's kernels, for virtual machines. Sourced, by scripts that have skip and say.

# debian_kernel PATTERN FOLDER: downloads the newest kernel for clouds whose package's name begins like this, unpacks it there unless that has
# been done, and prints the path of its image. As its output is the path, a reason to skip is printed there too.
debian_kernel() {
    local package directory images
    package=$(apt-cache search --names-only "^$1.*-cloud-amd64\$" | cut -d ' ' -f 1 | grep -v unsigned | sort -V | tail -n 1)
    [ -n "$package" ] || skip "the package sources of this host serve no kernel '$1*-cloud-amd64'"
    directory=$2/$package
    images=("$directory"/boot/vmlinuz-*)
    if [ ! -e "${images[0]}" ]; then
        say "downloading $package"
        rm -rf "$directory"
        mkdir -p "$directory"
        (cd "$directory" && apt-get download -qq "$package" && dpkg-deb -x ./*.deb . && rm -rf ./*.deb lib usr/lib) >&2 ||
            skip "apt-get cannot download $package"
        images=("$directory"/boot/vmlinuz-*)
    fi
    echo "${images[0]}"
}
