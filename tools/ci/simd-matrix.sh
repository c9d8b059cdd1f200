#!/usr/bin/env bash
# The SIMD tests once more under each switch of the runtime. Each leg says which preferred width and which checksum path
# it expects, and a test fails where the switch did not take. Results stay out of totals.sh: the same tests ran before.
set -euo pipefail
cd "$(dirname "$0")/../.."

tests=.artifacts/bin/FastKsm.Tests/release/FastKsm.Tests.dll
[ -e "$tests" ] || dotnet build tests/FastKsm.Tests -c Release

has() { grep -m1 '^flags' /proc/cpuinfo | grep -qw "$1"; }

leg() { # switch, expected width/path
    printf 'simd-matrix: %-38s %s\n' "$1" "$2"
    env "$1" FASTKSM_EXPECT_SIMD="$2" dotnet "$tests" -trait Category=Simd -noLogo -noColor >.artifacts/simd-matrix.log 2>&1 ||
        { cat .artifacts/simd-matrix.log; exit 1; }
    grep Total: .artifacts/simd-matrix.log
}

skip() { echo "simd-matrix: skipped $1: $2"; }

leg DOTNET_EnableHWIntrinsic=0 Scalar/scalar
if [ "$(uname -m)" != x86_64 ]; then
    skip "the x86 switches" "not an x86 CPU"
    exit 0
fi


leg DOTNET_EnableAVX=0 Vector128/SSE2
leg DOTNET_EnableAVX2=0 Vector128/SSE2
if has avx2; then
    leg DOTNET_EnableAVX512=0 Vector256/AVX2
    if has avx512f; then
        leg DOTNET_PreferredVectorBitWidth=128 Vector128/AVX-512
        leg DOTNET_PreferredVectorBitWidth=256 Vector256/AVX-512
        leg DOTNET_PreferredVectorBitWidth=512 Vector512/AVX-512
    else
        skip DOTNET_PreferredVectorBitWidth=512 "this CPU lacks AVX-512"
    fi
else
    skip DOTNET_EnableAVX512=0 "this CPU lacks AVX2"
fi
