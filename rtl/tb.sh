#!/usr/bin/env bash
# Benches of the hand-written hardware around the core: each builds a Verilated model and runs it, in seconds.
# Usage: rtl/tb.sh [--list] [NAME...]   (all benches by default)
# The last line of each bench is `N passed, M failed`; the exit status is 0 if none failed.
# COVERT_TEST_FULL=1 runs more seeds and faults. May run several times at once.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib.sh"

readonly RTL=$COVERT_ROOT/rtl
readonly OUT=${CARGO_TARGET_DIR:-$COVERT_ROOT/target}/rtl-tb
readonly BENCHES=(gate dirty dma blocks log outlet uart io dcache icache mutants chip-solo chip-duo chip-quad)
readonly CXXFLAGS=(-std=c++17 -O2 -Wall -Wextra)

if [ "${1:-}" = --list ]; then
    printf '%s\n' "${BENCHES[@]}"
    exit 0
fi

VERILATOR_ROOT=$(verilator_root)
export VERILATOR_ROOT
readonly INCLUDE=$VERILATOR_ROOT/include
mkdir -p "$OUT"
if [ -n "${COVERT_TEST_FULL:-}" ]; then scale=8; else scale=1; fi

# Builds take turns; benches run at the same time.
exec 9>"$OUT/lock"
flock 9

# The constants of the hardware package as C macros, for C++ and assembly.
sed -n 's/^ *localparam .* \([A-Z][A-Za-z0-9]*\) = \(.*\);.*/\1 \2/p' "$RTL/unit/gen/covert_pkg.sv" |
    sed "s/ [0-9]*'h/ 0x/; s/^/#define /" >"$OUT/covert_pkg.h.new"
cmp -s "$OUT/covert_pkg.h.new" "$OUT/covert_pkg.h" || mv "$OUT/covert_pkg.h.new" "$OUT/covert_pkg.h"

# The part of Verilator that all models share, compiled once.
runtime() {
    local object=$OUT/verilated.o
    if [ ! -e "$object" ] || [ "$INCLUDE/verilated.cpp" -nt "$object" ]; then
        g++ "${CXXFLAGS[@]}" -w -I"$INCLUDE" -I"$INCLUDE/vltstd" -c "$INCLUDE/verilated.cpp" -o "$object"
        g++ "${CXXFLAGS[@]}" -w -I"$INCLUDE" -I"$INCLUDE/vltstd" -c "$INCLUDE/verilated_threads.cpp" \
            -o "$OUT/verilated_threads.o"
    fi
}

# build NAME TOP BENCH.cpp VERILATOR-ARGUMENTS...: verilates TOP and links the bench, if something changed.
build() {
    local name=$1 top=$2 bench=$3 dir=$OUT/$1 stamp
    shift 3
    stamp=$(cat "$RTL"/{core,tile,unit,chip}/*.sv "$RTL"/unit/gen/* "$RTL"/{tile,unit,chip}/tb/*.* "$RTL/covert.f" "$RTL/tb.sh" | sha256sum)
    if [ "$(cat "$dir/stamp" 2>/dev/null)" = "$stamp" ]; then return; fi
    rm -rf "$dir"
    mkdir -p "$dir"
    runtime
    (cd "$RTL" && "$VERILATOR_ROOT/bin/verilator_bin" --cc --quiet --assert -Wno-fatal --x-assign unique \
        --x-initial unique --top-module "$top" --prefix "V$top" --Mdir "$dir" "$@")
    local sources=("$dir"/*.cpp)
    printf '#include "%s"\n' "${sources[@]}" >"$dir/all.cc"
    g++ "${CXXFLAGS[@]}" -w -I"$INCLUDE" -I"$INCLUDE/vltstd" -I"$dir" -c "$dir/all.cc" -o "$dir/model.o"
    g++ "${CXXFLAGS[@]}" -isystem "$INCLUDE" -isystem "$INCLUDE/vltstd" -isystem "$dir" -I"$OUT" -I"$RTL/chip/tb" \
        "$RTL/$bench" "$dir/model.o" "$OUT/verilated.o" "$OUT/verilated_threads.o" -pthread -o "$dir/bench"
    if [ ! -x "$dir/bench" ]; then return 1; fi
    printf '%s\n' "$stamp" >"$dir/stamp"
}

# program NAME DESCRIPTOR TEXT: assembles chip/tb/NAME.S to OUT/NAME.bin, its two sections at these addresses.
program() {
    if [ "$OUT/$1.bin" -nt "$RTL/chip/tb/$1.S" ] && [ "$OUT/$1.bin" -nt "$OUT/covert_pkg.h" ]; then return; fi
    riscv64-unknown-elf-gcc -march=rv32imac_zicsr -mabi=ilp32 -nostdlib -nostartfiles -I"$OUT" \
        -Wl,--section-start=.descriptor="$2" -Wl,-Ttext="$3" -Wl,--no-warn-rwx-segments -o "$OUT/$1.elf" \
        "$RTL/chip/tb/$1.S"
    riscv64-unknown-elf-objcopy -O binary "$OUT/$1.elf" "$OUT/$1.bin"
}

chip() {
    local tiles
    tiles=$(awk -v name="$1" '$1 == name { print $2 }' "$RTL/chip/configs")
    program bare 0x70000000 0x80000000
    program vmm 0x40000000 0x40001000
    build "chip-$1" covert_chip chip/tb/chip_tb.cpp "-GNTiles=$tiles" lint.vlt -f covert.f || return 1
    start "chip-$1" "$tiles" "$OUT/bare.bin" "$OUT/vmm.bin" $((40 * scale))
}

# Benches must notice what is wrong with their block, and nothing else: rtl/mutants.
mutants() {
    local expected block what from to text source top tb mutant bench passed=0 failed=0 seen=' '
    local others arguments
    while read -r expected block && read -r what && IFS= read -r from && IFS= read -r to; do
        if [ -z "${COVERT_TEST_FULL:-}" ] && [[ $seen == *" $block "* ]]; then continue; fi
        seen+="$block "
        case $block in
            blocks)
                source=unit/covert_blocks.sv top=covert_blocks_top tb=unit/tb/blocks_tb.cpp arguments=(6)
                others=(unit/gen/covert_pkg.sv unit/covert_unit_pkg.sv unit/covert_dma.sv unit/covert_dirty.sv
                    unit/tb/covert_blocks_top.sv)
                ;;
            *)
                source=tile/covert_$block.sv top=covert_$block tb=tile/tb/${block}_tb.cpp arguments=(2 1)
                others=(tile/covert_cache_pkg.sv)
                ;;
        esac
        text=$(<"$RTL/$source")
        mutant=${text/"$from"/"$to"}
        if [ "$mutant" = "$text" ] || [[ ${text#*"$from"} == *"$from"* ]]; then die "mutants: not there once: $from"; fi
        mkdir -p "$OUT/mutant"
        printf '%s\n' "$mutant" >"$OUT/mutant/covert_$block.sv"
        rm -rf "$OUT/mutant-$block"
        build "mutant-$block" "$top" "$tb" lint.vlt "${others[@]}" "$OUT/mutant/covert_$block.sv" || return 1
        bench=fails
        if start "mutant-$block" "${arguments[@]}" >"$OUT/mutant/output"; then bench=passes; fi
        if [ "$bench" = "$expected" ]; then
            passed=$((passed + 1))
        else
            failed=$((failed + 1))
            printf 'FAILED: %s bench %s: %s\n' "$block" "$bench" "$what"
        fi
    done < <(grep -v '^#' "$RTL/mutants")
    printf '%d passed, %d failed\n' "$passed" "$failed"
    [ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}

# start NAME ARGUMENTS...: runs a bench that is built, without keeping others from building.
start() {
    local name=$1 status=0
    shift
    flock -u 9
    "$OUT/$name/bench" "$@" || status=$?
    flock 9
    return $status
}

run() {
    case $1 in
        mutants) mutants ;;
        chip-*) chip "${1#chip-}" ;;
        blocks)
            build blocks covert_blocks_top unit/tb/blocks_tb.cpp lint.vlt -f covert.f unit/tb/covert_blocks_top.sv || return 1
            start blocks $((6 * scale))
            ;;
        dcache | icache)
            for ways in 1 2 4; do
                build "$1-$ways" "covert_$1" "tile/tb/${1}_tb.cpp" "-GWays=$ways" lint.vlt -f covert.f || return 1
                start "$1-$ways" "$ways" "$scale" || return 1
            done
            ;;
        uart | io)
            build "$1" "covert_$1" "chip/tb/${1}_tb.cpp" lint.vlt -f covert.f || return 1
            start "$1"
            ;;
        *)
            build "$1" "covert_$1" "unit/tb/${1}_tb.cpp" lint.vlt -f covert.f || return 1
            start "$1"
            ;;
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
