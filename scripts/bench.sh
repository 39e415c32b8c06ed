# shellcheck shell=bash
# Shared by rtl/tb.sh and fpga/tb.sh: benches of hardware blocks, each built from a Verilated model and run. The script
# that reads this file sets first
#   BENCHES   the names of its benches
#   FOLDER    where its sources are; files and arguments are relative to it
#   STAMPED   the files that a model is made from
# and defines `run NAME`, which builds and starts one bench, and `mutant BLOCK` for its file `mutants`; it ends with
# `run_benches "$@"`.
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

readonly OUT=${CARGO_TARGET_DIR:-$COVERT_ROOT/target}/rtl-tb
readonly CXXFLAGS=(-std=c++17 -O2 -Wall -Wextra)

if [ "${1:-}" = --list ]; then
    printf '%s\n' "${BENCHES[@]}"
    exit 0
fi

VERILATOR_ROOT=$(verilator_root)
export VERILATOR_ROOT
readonly INCLUDE=$VERILATOR_ROOT/include
mkdir -p "$OUT"
# shellcheck disable=SC2034
if [ -n "${COVERT_TEST_FULL:-}" ]; then scale=8; else scale=1; fi

# Builds take turns; benches run at the same time.
exec 9>"$OUT/lock"
flock 9

# The constants of the hardware package as C macros, for C++ and assembly.
sed -n 's/^ *localparam .* \([A-Z][A-Za-z0-9]*\) = \(.*\);.*/\1 \2/p' "$COVERT_ROOT/rtl/unit/gen/covert_pkg.sv" |
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
    stamp=$(cat "${STAMPED[@]}" "$COVERT_ROOT/scripts/bench.sh" | sha256sum)
    if [ "$(cat "$dir/stamp" 2>/dev/null)" = "$stamp" ]; then return; fi
    rm -rf "$dir"
    mkdir -p "$dir"
    runtime
    (cd "$FOLDER" && "$VERILATOR_ROOT/bin/verilator_bin" --cc --quiet --assert -Wno-fatal --x-assign unique \
        --x-initial unique --top-module "$top" --prefix "V$top" --Mdir "$dir" "$@")
    local sources=("$dir"/*.cpp)
    printf '#include "%s"\n' "${sources[@]}" >"$dir/all.cc"
    g++ "${CXXFLAGS[@]}" -w -I"$INCLUDE" -I"$INCLUDE/vltstd" -I"$dir" -c "$dir/all.cc" -o "$dir/model.o"
    g++ "${CXXFLAGS[@]}" -isystem "$INCLUDE" -isystem "$INCLUDE/vltstd" -isystem "$dir" -I"$OUT" \
        -I"$COVERT_ROOT/rtl/chip/tb" "$FOLDER/$bench" "$dir/model.o" "$OUT/verilated.o" "$OUT/verilated_threads.o" \
        -pthread -o "$dir/bench"
    if [ ! -x "$dir/bench" ]; then return 1; fi
    printf '%s\n' "$stamp" >"$dir/stamp"
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

# Benches must notice what is wrong with their block, and nothing else: the file `mutants` of the folder.
# `mutant BLOCK` sets source, top, tb, others (Verilator's other arguments) and arguments (of the bench).
mutants() {
    local expected block what from to text source top tb changed bench passed=0 failed=0 seen=' '
    local others arguments
    while read -r expected block && read -r what && IFS= read -r from && IFS= read -r to; do
        mutant "$block"
        text=$(<"$FOLDER/$source")
        changed=${text/"$from"/"$to"}
        if [ "$changed" = "$text" ] || [[ ${text#*"$from"} == *"$from"* ]]; then die "mutants: not there once: $from"; fi
        if [ -z "${COVERT_TEST_FULL:-}" ] && [[ $seen == *" $block "* ]]; then continue; fi
        seen+="$block "
        mkdir -p "$OUT/mutant"
        printf '%s\n' "$changed" >"$OUT/mutant/covert_$block.sv"
        rm -rf "$OUT/mutant-$block"
        build "mutant-$block" "$top" "$tb" "${others[@]}" "$OUT/mutant/covert_$block.sv" || return 1
        bench=fails
        if start "mutant-$block" "${arguments[@]}" >"$OUT/mutant/output"; then bench=passes; fi
        if [ "$bench" = "$expected" ]; then
            passed=$((passed + 1))
        else
            failed=$((failed + 1))
            printf 'FAILED: %s bench %s: %s\n' "$block" "$bench" "$what"
        fi
    done < <(grep -v '^#' "$FOLDER/mutants")
    printf '%d passed, %d failed\n' "$passed" "$failed"
    [ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}

# run_benches NAME...: these, or all.
run_benches() {
    local benches=("$@") bench failed=()
    if [ ${#benches[@]} = 0 ]; then benches=("${BENCHES[@]}"); fi
    for bench in "${benches[@]}"; do
        printf '== %s\n' "$bench"
        run "$bench" || failed+=("$bench")
    done
    if [ ${#failed[@]} -gt 0 ]; then die "failed: ${failed[*]}"; fi
}
