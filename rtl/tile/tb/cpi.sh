#!/bin/bash
# Cycles per instruction of the tile on the kernels in kernels.c: cpi.sh [bench options, e.g. --latency 3].
# COVERT_TILE_TB names a built bench (build.sh); without it one is built. Checksums are compared with the host's.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bench=${COVERT_TILE_TB:-$("$here/build.sh" "$work")}
riscv64-unknown-elf-gcc -march=rv32imac_zicsr -mabi=ilp32 -O2 -fno-tree-loop-distribute-patterns -ffreestanding -nostdlib \
  -static -Wl,-N,-Ttext=0x80000000,--no-warn-rwx-segments \
  "$here/kernels.c" -o "$work/kernels.elf" -lgcc
gcc -O1 "$here/kernels.c" -o "$work/kernels"
"$work/kernels" >"$work/expected"
"$bench" "$work/kernels.elf" "$@" >"$work/out" 2>"$work/err" || { cat "$work/err" >&2; exit 1; }
cut -d' ' -f1,2 "$work/out" | diff "$work/expected" -
awk '{ printf "%-8s %8d cycles %8d instructions  CPI %.3f\n", $1, $3, $4, $3 / $4; c += $3; i += $4 }
  END { printf "%-8s %8d cycles %8d instructions  CPI %.3f\n", "all", c, i, c / i }' "$work/out"
