#!/usr/bin/env bash
# Fails if a committed generated file (rtl/unit/gen, docs/registers.md) is not what the generator
# writes now.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$COVERT_ROOT"

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
cargo run --quiet --release --locked -p covert-rtl --bin generate -- \
    --out "$fresh/gen" --docs "$fresh/docs" ||
    die "the generator failed"
if ! diff -ru "$fresh/gen" rtl/unit/gen || ! diff -u "$fresh/docs/registers.md" docs/registers.md; then
    die "generated files are out of date; run: make generate"
fi
