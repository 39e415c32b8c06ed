#!/usr/bin/env bash
# Benches of the SD card block: each builds a Verilated model and runs it, in seconds.
# Usage: fpga/tb_sdcard.sh [--list] [NAME...]   (all benches by default)
# The last line of each bench is `N passed, M failed`; the exit status is 0 if none failed.
# COVERT_TEST_FULL=1 runs more seeds, all mutants, and sdcard-12mhz. May run several times at once.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib.sh"

readonly RTL=$COVERT_ROOT/rtl
readonly FPGA=$COVERT_ROOT/fpga
readonly OUT=${CARGO_TARGET_DIR:-$COVERT_ROOT/target}/fpga-sdcard
# At 1 MHz the time limits pass quickly; at 50 MHz the clock of the card is what it is on the board.
readonly CXXFLAGS=(-std=c++17 -O2 -Wall -Wextra)

BENCHES=(sdcard sdcard-25mhz mutants)
if [ -n "${COVERT_TEST_FULL:-}" ]; then BENCHES+=(sdcard-12mhz); fi

if [ "${1:-}" = --list ]; then
    printf '%s\n' "${BENCHES[@]}"
    exit 0
fi

VERILATOR_ROOT=$(verilator_root)
export VERILATOR_ROOT
readonly INCLUDE=$VERILATOR_ROOT/include
mkdir -p "$OUT"
if [ -n "${COVERT_TEST_FULL:-}" ]; then scale=3; else scale=1; fi

# One after the other: benches and builds share files.
exec 9>"$OUT/lock"
flock 9

# The constants of the hardware package as C macros.
sed -n 's/^ *localparam .* \([A-Z][A-Za-z0-9]*\) = \(.*\);.*/\1 \2/p' "$RTL/unit/gen/covert_pkg.sv" |
    sed "s/ [0-9]*'h/ 0x/; s/^/#define /" >"$OUT/covert_pkg.h.new"
cmp -s "$OUT/covert_pkg.h.new" "$OUT/covert_pkg.h" || mv "$OUT/covert_pkg.h.new" "$OUT/covert_pkg.h"

# The part of Verilator that all models share.
runtime() {
    local name stamp
    stamp=$(cat "$FPGA"/tb/s* "$RTL/chip/tb/bench.hpp" "$FPGA/tb_sdcard.sh" "$OUT/covert_pkg.h" | sha256sum)
    if [ "$(cat "$OUT/stamp" 2>/dev/null)" = "$stamp" ]; then return; fi
    for name in verilated verilated_threads; do
        g++ "${CXXFLAGS[@]}" -w -I"$INCLUDE" -I"$INCLUDE/vltstd" -c "$INCLUDE/$name.cpp" -o "$OUT/$name.o"
    done
    rm -f "$OUT/bench.o"
    printf '%s\n' "$stamp" >"$OUT/stamp"
}

# build NAME SOURCE VERILATOR-ARGUMENTS...: verilates the block and links the bench, if something changed.
build() {
    local name=$1 source=$2 dir=$OUT/$1 stamp
    shift 2
    runtime
    stamp=$(cat "$source" "$RTL/unit/gen/covert_pkg.sv" "$OUT/stamp" <(echo "$*") | sha256sum)
    if [ "$(cat "$dir/stamp" 2>/dev/null)" = "$stamp" ]; then return; fi
    rm -rf "$dir"
    mkdir -p "$dir"
    "$VERILATOR_ROOT/bin/verilator_bin" --cc --quiet --assert -Wno-fatal --x-assign unique --x-initial unique \
        --top-module covert_sdcard --prefix Vcovert_sdcard --Mdir "$dir" "$@" "$RTL/unit/gen/covert_pkg.sv" "$source"
    local sources=("$dir"/*.cpp)
    printf '#include "%s"\n' "${sources[@]}" >"$dir/all.cc"
    g++ "${CXXFLAGS[@]}" -O1 -w -I"$INCLUDE" -I"$INCLUDE/vltstd" -I"$dir" -c "$dir/all.cc" -o "$dir/model.o"
    # One bench for all: it knows a model by its ports, which are always the same.
    if [ ! -e "$OUT/bench.o" ]; then
        g++ "${CXXFLAGS[@]}" -isystem "$INCLUDE" -isystem "$INCLUDE/vltstd" -isystem "$dir" -I"$OUT" \
            -I"$RTL/chip/tb" -I"$FPGA/tb" -c "$FPGA/tb/sdcard_tb.cpp" -o "$OUT/bench.o"
    fi
    g++ "$OUT/bench.o" "$dir/model.o" "$OUT/verilated.o" "$OUT/verilated_threads.o" -pthread -o "$dir/bench"
    if [ ! -x "$dir/bench" ]; then return 1; fi
    printf '%s\n' "$stamp" >"$dir/stamp"
}

# The bench must notice what is wrong with the block: fpga/mutants_sdcard.
mutants() {
    local expected block what from to text mutant bench passed=0 failed=0
    text=$(<"$FPGA/rtl/covert_sdcard.sv")
    while read -r expected block && read -r what && IFS= read -r from && IFS= read -r to; do
        if [ -z "${COVERT_TEST_FULL:-}" ] && [ $((passed + failed)) = 2 ]; then break; fi
        mutant=${text/"$from"/"$to"}
        if [ "$mutant" = "$text" ] || [[ ${text#*"$from"} == *"$from"* ]]; then die "mutants: not there once: $from"; fi
        mkdir -p "$OUT/mutant"
        printf '%s\n' "$mutant" >"$OUT/mutant/covert_$block.sv"
        build "mutant-$block" "$OUT/mutant/covert_$block.sv" -GClockHz=1000000 || return 1
        bench=fails
        if "$OUT/mutant-$block/bench" 1000000 1 '!qfk' 1 >"$OUT/mutant/output"; then bench=passes; fi
        if [ "$bench" = "$expected" ]; then
            passed=$((passed + 1))
        else
            failed=$((failed + 1))
            printf 'FAILED: %s bench %s: %s\n' "$block" "$bench" "$what"
        fi
    done < <(grep -v '^#' "$FPGA/mutants_sdcard")
    printf '%d passed, %d failed\n' "$passed" "$failed"
    [ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}

run() {
    case $1 in
        mutants) mutants ;;
        sdcard)
            build "$1" "$FPGA/rtl/covert_sdcard.sv" -GClockHz=1000000 || return 1
            "$OUT/$1/bench" 1000000 1 rkf $scale
            ;;
        sdcard-25mhz)
            build "$1" "$FPGA/rtl/covert_sdcard.sv" || return 1
            "$OUT/$1/bench" 50000000 1 qt $scale
            ;;
        sdcard-12mhz)
            build "$1" "$FPGA/rtl/covert_sdcard.sv" -GFastHalf=2 || return 1
            "$OUT/$1/bench" 50000000 2 t $scale
            ;;
        *) die "no bench $1" ;;
    esac
}

benches=("$@")
if [ ${#benches[@]} = 0 ]; then benches=("${BENCHES[@]}"); fi
failed=()
for bench in "${benches[@]}"; do
    printf '== %s\n' "$bench"
    run "$bench" || failed+=("$bench")
done
if [ ${#failed[@]} -gt 0 ]; then die "failed: ${failed[*]}"; fi
