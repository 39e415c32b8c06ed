#!/usr/bin/env bash
# Builds or checks the firmware and the guests with the RISC-V compiler that set-up made.
#
# usage: scripts/firmware.sh build | clippy
#
# The images are $CARGO_TARGET_DIR/firmware/<target>/release/ (default target/firmware/...).
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

tools=$COVERT_CACHE/riscv-rust
[ -x "$tools/rustc" ] || die "no RISC-V compiler in $tools; run: make setup"

# Names of this machine's folders stay out of the images: panic messages hold source paths.
cargo_home=${CARGO_HOME:-$HOME/.cargo}
remap="[\"--remap-path-prefix=$COVERT_ROOT=/covert\", \"--remap-path-prefix=$cargo_home=/cargo\"]"

# Flags meant for the host's code (coverage, target-cpu) do not reach the firmware.
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_TARGET
export RUSTC=$tools/rustc
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$COVERT_ROOT/target}/firmware

run_cargo() {
    (cd "$COVERT_ROOT/firmware" && cargo --config "target.$RISCV_TARGET.rustflags=$remap" "$@" \
        --workspace --release --locked --target "$RISCV_TARGET")
}

case ${1:-} in
build)
    run_cargo build
    ;;
clippy)
    # What cargo-clippy does, with the driver of that compiler: the host's cannot read its library.
    export RUSTC_WORKSPACE_WRAPPER=$tools/clippy-driver
    export CLIPPY_ARGS=-Dwarnings__CLIPPY_HACKERY__
    run_cargo check
    ;;
*) die "usage: scripts/firmware.sh build | clippy" ;;
esac
