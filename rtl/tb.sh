#!/usr/bin/env bash
# Benches of the hand-written hardware around the core: each builds a Verilated model and runs it, in seconds.
# Usage: rtl/tb.sh [--list] [NAME...]   (all benches by default)
# The last line of each bench is `N passed, M failed`; the exit status is 0 if none failed.
# COVERT_TEST_FULL=1 runs more seeds and faults. May run several times at once.
set -euo pipefail
RTL=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly RTL FOLDER=$RTL
readonly BENCHES=(gate dirty dma blocks log outlet uart io dcache icache mutants chip-solo chip-duo chip-quad)
readonly STAMPED=("$RTL"/{core,tile,unit,chip}/*.sv "$RTL"/unit/gen/* "$RTL"/{tile,unit,chip}/tb/*.* "$RTL/covert.f" "$RTL/tb.sh")
# shellcheck source=scripts/bench.sh
. "$RTL/../scripts/bench.sh"

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

# What the blocks of the file `mutants` are built from.
# shellcheck disable=SC2034
mutant() {
    case $1 in
        blocks)
            source=unit/covert_blocks.sv top=covert_blocks_top tb=unit/tb/blocks_tb.cpp arguments=(6)
            others=(lint.vlt unit/gen/covert_pkg.sv unit/covert_unit_pkg.sv unit/covert_dma.sv unit/covert_dirty.sv
                unit/tb/covert_blocks_top.sv)
            ;;
        *)
            source=tile/covert_$1.sv top=covert_$1 tb=tile/tb/$1_tb.cpp arguments=(2 1)
            others=(lint.vlt tile/covert_cache_pkg.sv tile/covert_match.sv tile/covert_select.sv tile/covert_align.sv)
            ;;
    esac
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

run_benches "$@"
