#!/usr/bin/env bash
# Installs what the checks need beyond the .NET SDK and cc: the peer of the checksum rows and the live workloads.
set -euo pipefail

missing=()
[ -e /usr/include/xxhash.h ] || missing+=(libxxhash-dev)
command -v python3 >/dev/null || missing+=(python3)
command -v node >/dev/null || missing+=(nodejs)
[ ${#missing[@]} -eq 0 ] && exit 0

sudo=""
[ "$(id -u)" -eq 0 ] || sudo=sudo
$sudo apt-get update -qq
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq "${missing[@]}" >/dev/null
