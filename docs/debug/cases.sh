#!/usr/bin/env bash
# Makes the worked cases of docs/why.md anew: runs each `$ covert debug ... --out NAME` that stands there, puts the sentence it
# prints below it, and draws docs/debug/NAME.png from the page. Needs target/release/covert and chromium.
#   usage: docs/debug/cases.sh [FOLDER]     FOLDER: where the pages and waveforms go [default: target/why]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
out=$(realpath -m "${1:-target/why}")
covert=${COVERT:-${CARGO_TARGET_DIR:-target}/release/covert}
mkdir -p "$out"

# chromium ARGUMENTS...: quiet, without a profile of its user.
browse() {
    chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$out/profile" "$@" 2>/dev/null
}

while IFS= read -r line; do
    eval "arguments=(${line#'$ covert '})"
    name=${arguments[-1]}
    arguments[-1]=$out/$name
    echo "$name"
    "$covert" "${arguments[@]}" | sed -n 1p >"$out/$name.txt"
    line=$line sentence=$(cat "$out/$name.txt") awk '
        next_line { print ENVIRON["sentence"]; next_line = 0; next }
        { print; if ($0 == ENVIRON["line"]) next_line = 1 }' docs/why.md >"$out/why.md"
    cp "$out/why.md" docs/why.md

    # The picture is as high as the lanes and the heading need.
    page="file://$out/$name/index.html#picture,light"
    lanes=$(browse --window-size=1000,800 --dump-dom "$page" | sed -n 's/.*<svg id="lanes"[^>]* height="\([0-9]*\)".*/\1/p')
    browse --window-size="1000,$((lanes + 80))" --screenshot="$out/$name.png" "$page"
    cp "$out/$name.png" "docs/debug/$name.png"
done < <(grep '^\$ covert debug ' docs/why.md)
rm -rf "$out/profile"
