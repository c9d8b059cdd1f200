#!/usr/bin/env bash
# The front door as the README describes it: pack, install into a temporary folder, run once. Needs no network: the package holds
# all that the tool uses. What build.sh has built is packed.
set -euo pipefail
cd "$(dirname "$0")/../.."

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

dotnet pack -c Release tools/fastksm --no-build --output "$folder/package" --nologo -v q
dotnet tool install FastKsm.Cli --tool-path "$folder/bin" --source "$folder/package" >/dev/null

start=$(date +%s%N)
"$folder/bin/fastksm" --version
end=$(date +%s%N)
echo "package: started in $(((end - start) / 1000000)) ms"
# Into a file: `head` would close a pipe before the report is whole.
"$folder/bin/fastksm" evaluate --pid $$ >"$folder/report"
head -n 3 "$folder/report"

# What a package must have for its reader.
listing=$(python3 -m zipfile -l "$folder"/package/FastKsm.Cli.*.nupkg)
for file in README.md icon.png LICENSE CHANGELOG.md; do
    grep -q "^$file " <<<"$listing" || { echo "package: $file is missing"; exit 1; }
done
[ "$("$folder/bin/fastksm" completion bash | bash -n 2>&1)" = "" ]
