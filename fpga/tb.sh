#!/usr/bin/env bash
# Benches of the blocks that stand around the chip on a board: as rtl/tb.sh.
# Usage: fpga/tb.sh [--list] [NAME...]   (all benches by default)
# The last line of each bench is `N passed, M failed`; the exit status is 0 if none failed.
# COVERT_TEST_FULL=1 runs longer and tries all mutants. May run several times at once.
set -euo pipefail
FOLDER=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly FOLDER
BENCHES=(sdram sdcard loader serial notes rx_fifo button memory_map board mutants)
if [ -n "${COVERT_TEST_FULL:-}" ]; then BENCHES+=(netlist); fi
readonly BENCHES
readonly STAMPED=("$FOLDER"/rtl/*.sv "$FOLDER"/tb/*.* "$FOLDER"/boards/*/rtl/*.sv "$FOLDER"/*.f "$FOLDER/tb.sh"
    "$FOLDER"/../rtl/{chip,core,tile,unit}/*.sv "$FOLDER"/../rtl/unit/gen/*.v
    "$FOLDER/../rtl/chip/tb/bench.hpp" "$FOLDER/../rtl/unit/gen/covert_pkg.sv")
# shellcheck source=scripts/bench.sh
. "$FOLDER/../scripts/bench.sh"

readonly LINT=../rtl/lint.vlt PACKAGE=../rtl/unit/gen/covert_pkg.sv

# The loader with little memory, whose half a second is short.
readonly LOADER=(-GClockHz=10000 -GMemoryWords=12288 -GBootBytes=32768 -GRomWords=1024
    "-GRomFile=\"$OUT/loader.hex\"")

# What the blocks of the file `mutants` are built from.
# shellcheck disable=SC2034
mutant() {
    source=rtl/covert_$1.sv top=covert_$1 tb=tb/$1_tb.cpp
    case $1 in
        sdram) arguments=(3 50000 50 1) others=("$LINT") ;;
        sdcard) arguments=(1000000 1 '!qfk' 1) others=(-GClockHz=1000000 "$LINT" "$PACKAGE") ;;
        loader)
            arguments=("$OUT/loader.hex" 10000 0xC000 0x8000 1024 es 1)
            others=("${LOADER[@]}" "$LINT" "$PACKAGE")
            ;;
        serial) arguments=(1000000 125000) others=(-GClockHz=1000000 -GBaud=125000 "$LINT") ;;
        notes) arguments=(1) others=(-GNTiles=4 "$LINT") ;;
        rx_fifo) arguments=(1) others=("$LINT") ;;
        button) arguments=(200) others=(-GClockHz=20000 "$LINT") ;;
        memory_map) arguments=(2 0x2000000 0x780000) others=("$LINT" "$PACKAGE") ;;
    esac
}

# sdram CHANNELS KHZ PHASE CAPTURE ARGUMENT...: a set of parameters; PHASE is that of the SDRAM's clock in percent of a
# cycle, CAPTURE what goes with it.
sdram() {
    local name=sdram-$1-$2-$3
    build "$name" covert_sdram tb/sdram_tb.cpp "-GChannels=$1" "-GClockHz=${2}000" "-GCapture=$4" "$LINT" \
        -f fpga.f || return 1
    start "$name" "$1" "$2" "$3" "$scale" "${@:5}"
}

# sdcard NAME HZ HALF PARTS SEEDS PARAMETER...: at 1 MHz the time limits pass quickly, at 50 MHz the card's clock is what it
# is on a board; PARTS are letters of the bench's.
sdcard() {
    build "$1" covert_sdcard tb/sdcard_tb.cpp "${@:6}" "$LINT" -f fpga.f || return 1
    start "$1" "$2" "$3" "$4" "$5"
}

# loader NAME CLOCK_HZ MEMORY BOOT ROM PARTS: bytes of memory and of the boot region, words of firmware; PARTS are letters
# of the bench's. The bench writes the firmware.
loader() {
    build "$1" covert_loader tb/loader_tb.cpp "-GClockHz=$2" "-GMemoryWords=$(($3 / 4))" "-GBootBytes=$(($4))" \
        "-GRomWords=$5" "-GRomFile=\"$OUT/$1.hex\"" "$LINT" "$PACKAGE" rtl/covert_loader.sv || return 1
    start "$1" "$OUT/$1.hex" "$2" "$3" "$4" "$5" "$6" "$scale"
}

# serial CLOCK_HZ BAUD
serial() {
    build "serial-$1-$2" covert_serial tb/serial_tb.cpp "-GClockHz=$1" "-GBaud=$2" "$LINT" rtl/covert_serial.sv || return 1
    start "serial-$1-$2" "$1" "$2"
}

# block NAME ARGUMENT... -- PARAMETER...: a block with one set of parameters.
block() {
    local name=$1 arguments=()
    shift
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        arguments+=("$1")
        shift
    done
    build "$name" "covert_$name" "tb/${name}_tb.cpp" "${@:2}" "$LINT" "$PACKAGE" "rtl/covert_$name.sv" || return 1
    start "$name" "${arguments[@]}"
}

# memory_map TILES DOMAIN_BITS IO_START DOMAIN: bytes of a domain that are in use.
memory_map() {
    build "memory_map-$1" covert_memory_map tb/memory_map_tb.cpp "-GNTiles=$1" "-GDomainBits=$2" "-GIoStart=32'h$3" \
        "$LINT" "$PACKAGE" rtl/covert_memory_map.sv || return 1
    start "memory_map-$1" "$1" 0x2000000 "$4"
}

# The command that makes images for the board.
readonly COVERT=${CARGO_TARGET_DIR:-$COVERT_ROOT/target}/release/covert

# prepare FOLDER SCRIPT ARGUMENT...: the card's image, by `covert fpga image ARGUMENT...`, and the script boards/ulx3s/tests/SCRIPT.
prepare() {
    local dir=$1 name=$2
    shift 2
    [ -x "$COVERT" ] || die "no $COVERT; run: make build"
    mkdir -p "$dir"
    "$COVERT" fpga image "$@" --out "$dir/card.img" || return 1
    sed "s|@IMAGE@|$dir/card.img|" "$FOLDER/boards/ulx3s/tests/$name" >"$dir/script"
}

# The whole board with a guest's image on its card, through the script boards/ulx3s/tests/NAME.
# board NAME ARGUMENT...: arguments of `covert fpga image`; --serial before them: there is no card, the script sends the image
# (@IMAGE@).
board() {
    local name=$1 dir=$OUT/board-$1 card
    shift
    card=$dir/card.img
    if [ "${1:-}" = --serial ]; then card=-; shift; fi
    prepare "$dir" "$name" "$@" || return 1
    "$COVERT" fpga firmware --out "$OUT/firmware.hex.new" || return 1
    cmp -s "$OUT/firmware.hex.new" "$OUT/firmware.hex" || {
        mv "$OUT/firmware.hex.new" "$OUT/firmware.hex"
        rm -f "$OUT/board/stamp"
    }
    build board ulx3s tb/board_tb.cpp "$LINT" -O3 +define+COVERT_INJECTOR --pins-inout-enables -Wno-PINCONNECTEMPTY -GBaud=2000000 \
        "-GRomWords=$(wc -l <"$OUT/firmware.hex")" "-GRomFile=\"$OUT/firmware.hex\"" -F boards/ulx3s/ulx3s.f || return 1
    start board 50 25 "$card" "$dir/script"
}

# The whole board as Yosys leaves it for the ECP5, with the fault injector, at the default target's clock and the board's own baud
# rate. Cells are Yosys' models, LUTs its own cell (tb/ecp5_luts.v); what it has none of is in tb/ecp5_blocks.sv. Yosys makes one
# flat module of it first: with its cells as modules, Verilator writes a hundred megabytes of C++.
netlist() {
    local dir=$OUT/netlist cells stamp
    prepare "$dir" netlist compute --chip duo --epoch 5000 || return 1
    cells=$(cells) || return 1
    "$COVERT" fpga build --board ulx3s --chip duo --injector --synth-only --out "$dir/fpga" || return 1
    stamp=$(cat "$dir/fpga/netlist.json" "$FOLDER/tb.sh" "$FOLDER"/tb/ecp5_* | sha256sum)
    if [ "$(cat "$dir/stamp" 2>/dev/null)" != "$stamp" ]; then
        rm -rf "$dir/model" "$dir/stamp"
        (cd "$FOLDER" && "$COVERT_CACHE/venv/bin/python3" ../scripts/yosys.py -q -l "$dir/flat.log" \
            -p "read_json $dir/fpga/netlist.json" -p "delete =A:blackbox" \
            -p "read_verilog -DNO_INCLUDES -I$cells $cells/cells_sim.v" -p "read_verilog -lib $cells/cells_bb.v" \
            -p "read_verilog -icells -overwrite tb/ecp5_luts.v" -p "setattr -mod -unset keep_hierarchy *" \
            -p "hierarchy -check -top ulx3s" -p proc -p "flatten -noscopeinfo" -p "delete t:\$specify*" \
            -p "simplemap t:\$lut %n" -p splitnets -p "opt_expr -mux_bool" \
            -p "clean -purge" -p "rename -hide w:*" -p "clean -purge" -p "rename -enumerate -pattern n% w:*" \
            -p "write_verilog -noattr $dir/flat.v") || return 1
        "$VERILATOR_ROOT/bin/verilator_bin" --cc --quiet -O3 -Wno-fatal -Wno-lint --x-assign unique --x-initial unique \
            --pins-inout-enables --output-split 20000 --top-module ulx3s --prefix Vulx3s --Mdir "$dir/model" \
            "$dir/flat.v" "$FOLDER/tb/ecp5_blocks.sv" || return 1
        printf '%s\0' "$dir"/model/*.cpp | xargs -0 -P "$(nproc)" -I{} \
            g++ "${CXXFLAGS[@]}" -O1 -w -I"$INCLUDE" -I"$INCLUDE/vltstd" -c {} -o {}.o || return 1
        printf '%s\n' "$stamp" >"$dir/stamp"
    fi
    runtime
    g++ "${CXXFLAGS[@]}" -isystem "$INCLUDE" -isystem "$INCLUDE/vltstd" -isystem "$dir/model" -I"$OUT" \
        -I"$COVERT_ROOT/rtl/chip/tb" "$FOLDER/tb/board_tb.cpp" "$dir"/model/*.o "$OUT/verilated.o" \
        "$OUT/verilated_threads.o" -pthread -o "$dir/bench" || return 1
    # 115,200 baud at 50 MHz.
    start netlist 50 434 "$dir/card.img" "$dir/script"
}

# What Yosys makes of it for the board, at 50 MHz, in the same bench.
sdram_netlist() {
    local dir=$OUT/sdram-synthesised quiet=(-Wno-lint -Wno-SPECIFYIGN -Wno-MODDUP -Wno-PINMISSING) cells
    rm -rf "$dir" "$OUT/sdram-netlist"
    mkdir -p "$dir"
    synthesise "$dir/covert_sdram.v" covert_sdram Channels=3 rtl/covert_sdram.sv
    cells=$(cells) || return 1
    build sdram-netlist covert_sdram tb/sdram_tb.cpp "$LINT" "${quiet[@]}" "-I$cells" \
        "$dir/covert_sdram.v" "$cells/cells_sim.v" || return 1
    start sdram-netlist 3 50000 50 1
}

# synthesise NETLIST TOP PARAMETER=VALUE FILE...: for the board's ECP5; prints how large it is.
synthesise() {
    local netlist=$1 top=$2 parameter=${3%=*} value=${3#*=}
    shift 3
    (cd "$FOLDER" && "$COVERT_CACHE/venv/bin/python3" ../scripts/yosys.py -q -l "$netlist.log" \
        -p "read_verilog -sv $*" -p "chparam -set $parameter $value $top" -p "synth_ecp5 -top $top" \
        -p "write_verilog -noattr $netlist" -p stat)
    awk -v name="$top, $parameter=$value:" '/Printing statistics/ { text = "" }
        $2 ~ /^(LUT4|TRELLIS_FF|CCU2C)$/ { text = text " " $1 " " $2 } END { print "  " name text }' "$netlist.log"
}

# Where Yosys has its models of the ECP5's cells.
cells() {
    "$COVERT_CACHE/venv/bin/python3" -c \
        'import pathlib, pyosys; print(pathlib.Path(pyosys.__file__).parent / "share/ecp5")'
}

run() {
    case $1 in
        mutants) mutants ;;
        netlist) netlist || return 1 ;;
        sdram)
            sdram 3 25000 100 3 long || return 1
            sdram 3 50000 50 2 || return 1
            sdram 5 66000 50 2 || return 1
            if [ -n "${COVERT_TEST_FULL:-}" ]; then
                sdram 2 50000 50 2 long || return 1
                sdram 5 50000 50 2 long || return 1
                sdram 5 25000 50 2 || return 1
                sdram 3 66000 30 2 || return 1
                sdram 3 100000 30 2 || return 1
                sdram_netlist || return 1
            fi
            ;;
        sdcard)
            local seeds=1
            if [ -n "${COVERT_TEST_FULL:-}" ]; then seeds=3; fi
            sdcard sdcard 1000000 1 rkf $seeds -GClockHz=1000000 || return 1
            sdcard sdcard-25mhz 50000000 1 qt $seeds || return 1
            if [ -n "${COVERT_TEST_FULL:-}" ]; then sdcard sdcard-12mhz 50000000 2 t $seeds -GFastHalf=2 || return 1; fi
            ;;
        loader)
            loader loader 10000 0xC000 0x8000 1024 ges || return 1
            loader loader-large 10000 0x240000 0x200000 2048 l || return 1
            ;;
        serial)
            # 8 clocks a bit, the least; 17; 25; 434.
            serial 1000000 125000 || return 1
            serial 25000000 1470588 || return 1
            serial 50000000 2000000 || return 1
            serial 50000000 115200 || return 1
            ;;
        notes) block notes "$scale" -- -GNTiles=4 || return 1 ;;
        rx_fifo) block rx_fifo "$scale" || return 1 ;;
        button) block button 500 -- -GClockHz=50000 || return 1 ;;
        memory_map)
            memory_map 2 23 0F8_0000 0x780000 || return 1
            memory_map 4 22 180_0000 0x400000 || return 1
            ;;
        board)
            if [ -n "${COVERT_TEST_FULL:-}" ]; then board compute compute --chip duo || return 1; fi
            board inject compute --chip duo --epoch 5000 || return 1
            if [ -n "${COVERT_TEST_FULL:-}" ]; then
                board serial --serial compute --chip duo || return 1
                board linux linux --chip duo --mode dmr || return 1
                board linux_inject linux --chip duo --mode dmr || return 1
            fi
            ;;
        *) die "no such bench: $1" ;;
    esac
}

run_benches "$@"
