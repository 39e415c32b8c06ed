#!/usr/bin/env bash
# Runs every test of the workspace, after `make build`. The runner's own summary comes last.
#
# COVERT_TEST_FULL=1 makes the tests run their long versions.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$COVERT_ROOT"

# The tests call these tools by name.
export PATH="$COVERT_CACHE/venv/bin:$PATH"

# Tests are built in release: they share the simulator and its compiled model with the command.
status=0
cargo test --release --locked --workspace --doc --quiet || status=$?
if cargo nextest --version >/dev/null 2>&1; then
    profile=default
    if [ -n "${COVERT_TEST_FULL:-}" ]; then profile=full; fi
    cargo nextest run --release --locked --workspace --no-fail-fast --profile "$profile" || status=$?
else
    say "cargo-nextest is not installed; using cargo test"
    cargo test --release --locked --workspace --lib --bins --tests --no-fail-fast || status=$?
fi
exit "$status"
