# Sourced by build.sh and run.sh: verilate OUTDIR PROGRAM TOP BENCH.cpp VERILATOR-ARGUMENTS...
# makes OUTDIR/PROGRAM. The C++ is compiled here, since the packaged Verilator has no make set-up.
verilate() {
  local out=$1 program=$2 top=$3 bench=$4
  shift 4
  local root=${COVERT_VERILATOR_ROOT:-}
  if [ -z "$root" ]; then
    local venv=${COVERT_CACHE:-$HOME/.cache/covert}/venv
    root=$(echo "$venv"/lib/python3*/site-packages/verilator)
  fi
  if [ ! -x "$root/bin/verilator_bin" ]; then
    echo "no Verilator at $root: run scripts/setup.sh or set COVERT_VERILATOR_ROOT" >&2
    return 1
  fi
  local gen=$out/$program.gen
  rm -rf "$gen"
  mkdir -p "$gen"
  VERILATOR_ROOT=$root "$root/bin/verilator_bin" --cc --quiet -Wall -O3 --x-assign fast --x-initial fast \
    --no-assert --top-module "$top" --prefix Vtop --Mdir "$gen" "$@"
  local flags=${COVERT_CXXFLAGS:--O2}
  local sources=("$gen"/*.cpp "$bench" "$root/include/verilated.cpp" "$root/include/verilated_threads.cpp")
  case " $* " in *" --trace-vcd "*) sources+=("$root/include/verilated_vcd_c.cpp"); flags="$flags -DCOVERT_TRACE" ;; esac
  # Two compilers at a time; the flags are words.
  # shellcheck disable=SC2086
  printf '%s\n' "${sources[@]}" | xargs -P2 -I{} sh -c \
    'o=$1/$(basename "$0" .cpp).o; shift; exec g++ -std=c++17 "$@" -c -o "$o" "$0"' \
    {} "$gen" $flags -I"$gen" -I"$root/include" -I"$root/include/vltstd" -DVERILATOR=1 -DVM_COVERAGE=0 -DVM_SC=0 -DVM_TRACE=0
  g++ -o "$out/$program" "$gen"/*.o -lpthread
}
