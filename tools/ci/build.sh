#!/usr/bin/env bash
# Warnings are errors; the engine also compiles for net9.0, where NativeAOT can be published; format is checked.
set -euo pipefail
cd "$(dirname "$0")/../.."

dotnet build FastKsm.sln -c Release
dotnet build engine/FastKsm/FastKsm.csproj -c Release -p:FastKsmTfm=net9.0 \
    -p:ArtifactsPath="$PWD/.artifacts/net9.0"
dotnet format FastKsm.sln --verify-no-changes
