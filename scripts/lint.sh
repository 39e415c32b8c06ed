#!/usr/bin/env bash
# Every check that needs no test to run: formatters, clippy with warnings as errors, Verilator
# -Wall, generated files, the tree's own rules. All are run; the first failure decides the status.
#
# After `make build`: clippy sees the simulator only with its model and firmware built.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$COVERT_ROOT"

failures=()
# step NAME COMMAND...: runs a check, prints what it said only if it failed.
step() {
    local name=$1 output status=0 start=$SECONDS
    shift
    output=$("$@" 2>&1) || status=$?
    if [ "$status" = 0 ]; then
        say "lint: $name: ok ($((SECONDS - start)) s)"
    else
        printf '%s\n' "$output" >&2
        say "lint: $name: FAILED"
        failures+=("$name")
    fi
}

step "files" scripts/check-tree.sh
step "rustfmt" cargo fmt --all --check
step "rustfmt (firmware)" cargo fmt --manifest-path firmware/Cargo.toml --all --check
step "clippy" cargo clippy --release --locked --workspace --all-targets -- -D warnings
step "clippy (firmware)" scripts/firmware.sh clippy
step "generated files" scripts/check-generated.sh
step "Verilator -Wall" scripts/lint-rtl.sh

if [ ${#failures[@]} -gt 0 ]; then
    die "lint failed: $(IFS=,; echo "${failures[*]}")"
fi
