#!/bin/bash
# Builds and runs the benches of the core's modules, and the programs in programs/ on the whole tile, each with
# several memory timings. run.sh [WORKDIR]; prints "NAME: N passed, M failed" per bench, fails if any fails.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
core=$here/../../core
work=${1:-}
if [ -z "$work" ]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
fi
mkdir -p "$work"
# shellcheck source=../../verilate.sh
source "$here/../../verilate.sh"

status=0
for name in expander mul div fingerprint; do
  verilate "$work" "${name}_tb" "covert_$name" "$core/tb/${name}_tb.cpp" "$core/covert_$name.sv"
  "$work/${name}_tb" || status=1
done

# Programs on the whole tile. Each must end with exit code 0 and the console output in NAME.out (none without the
# file), with every timing of the memory: what a program computes does not depend on it.
"$here/build.sh" "$work" >/dev/null
timings=("--latency 1" "--latency 4" "--latency 1 --ready-rand --seed 2" "--latency 1:7 --ready-rand --seed 3"
  "--latency 1:3 --ready-rand --seed 4")
for source in "$here"/programs/*.S; do
  name=$(basename "$source" .S)
  riscv64-unknown-elf-gcc -march=rv32imac_zicsr_zifencei -mabi=ilp32 -nostdlib -static -Wa,-I"$here/programs" \
    -Wl,-N,-Ttext=0x80000000,--no-warn-rwx-segments "$source" -o "$work/$name.elf"
  expected=$here/programs/$name.out
  if [ ! -e "$expected" ]; then expected=/dev/null; fi
  passed=0
  failed=0
  for timing in "${timings[@]}"; do
    code=0
    # shellcheck disable=SC2086
    "$work/tile_tb" "$work/$name.elf" $timing --max-cycles 1000000 >"$work/$name.out" 2>"$work/$name.err" || code=$?
    if [ $code -eq 0 ] && cmp -s "$work/$name.out" "$expected"; then
      passed=$((passed + 1))
    else
      failed=$((failed + 1))
      status=1
      echo "$name $timing: exit code $code (the step that failed): $(tail -n1 "$work/$name.err")"
    fi
  done
  echo "$name: $passed passed, $failed failed"
done
exit $status
