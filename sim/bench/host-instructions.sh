#!/usr/bin/env bash
# Host instructions for a simulated cycle, which other work on the machine does not change: host-instructions.sh FROM TO
# PROGRAM [ARGUMENT...] runs PROGRAM (`covert run ...` or the pair of VexRiscv cores) under valgrind's cachegrind with
# `--max-cycles` FROM and TO, and prints the difference over the cycles between. Needs Debian's valgrind.
set -euo pipefail
from=${1:?usage: host-instructions.sh FROM TO PROGRAM [ARGUMENT...]} to=${2:?no TO} program=${3:?no PROGRAM}
shift 3

# Runs to cycle $1; the guest's output and its exit code (out of cycles) do not matter.
count() {
    local cycles=$1 log
    shift
    log=$(mktemp)
    valgrind --tool=cachegrind --cache-sim=no --cachegrind-out-file=/dev/null --log-file="$log" "$program" "$@" \
        --max-cycles "$cycles" >/dev/null 2>&1 || true
    sed -n 's/,//g; s/.*I *refs: *\([0-9]*\)$/\1/p' "$log"
    rm -f "$log"
}
first=$(count "$from" "$@")
last=$(count "$to" "$@")
[ -n "$first" ] && [ -n "$last" ] || { echo "no count: does $program run under valgrind?" >&2; exit 1; }
echo "$(((last - first) / (to - from))) host instructions a cycle"
