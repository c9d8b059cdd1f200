#!/usr/bin/env bash
# Renders the icon of the package anew, after a change of icon.svg (rsvg-convert is in Debian's librsvg2-bin).
set -euo pipefail
cd "$(dirname "$0")"
rsvg-convert --width 128 --height 128 --output icon.png icon.svg
