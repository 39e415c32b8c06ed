#!/usr/bin/env bash
# Makes $COVERT_CACHE/riscv-rust/rustc, a compiler for the firmware's target, and clippy-driver
# beside it.
#
# Where the host toolchain already has a core library for the target, these only call it.
# Otherwise Debian's rustc-web is unpacked (never installed, so no root is needed) and core and
# alloc are compiled once from rust-web-src. cargo, rust-lld and everything for the host stay
# those of the host toolchain: only RUSTC changes when the firmware is built.
# Called by setup.sh, which sees to it that it runs once at a time.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/debian.sh
. "$COVERT_ROOT/scripts/debian.sh"

readonly PART=riscv-rust
# Raise this number when the recipe below changes what it leaves behind.
readonly RECIPE=4

host_has_target() {
    local dir
    dir=$(rustc --print target-libdir --target "$RISCV_TARGET" 2>/dev/null) || return 1
    compgen -G "$dir/libcore-*.rlib" >/dev/null
}

# The package that $1 (version $2) depends on and whose name matches $3.
dependency() {
    apt-cache show --no-all-versions "$1=$2" | awk -v pattern="$3" '
        /^Depends:/ {
            sub(/^Depends: */, "")
            n = split($0, words, /[ ,|]+/)
            for (i = 1; i <= n; i++) if (words[i] ~ pattern) { print words[i]; exit }
        }'
}

# Downloads the packages of version $2 into directory $1 and names the binary ones in PACKAGES.
fetch() {
    local dir=$1 version=$2 std llvm
    std=$(dependency libstd-rust-web-dev "$version" '^libstd-rust-web-[0-9]')
    llvm=$(dependency "$std" "$version" '^libllvm')
    [ -n "$std" ] && [ -n "$llvm" ] || die "rustc-web $version: its packages are not named as expected"
    PACKAGES=(rustc-web rust-web-clippy libstd-rust-web-dev "$std" "$llvm")
    say "downloading ${PACKAGES[*]} rust-web-src ($version) from Debian"
    download_packages "$dir" \
        "rustc-web=$version" "rust-web-clippy=$version" "libstd-rust-web-dev=$version" \
        "$std=$version" "$llvm" "rust-web-src=$version"
}

# Unpacks the packages in $2 into $1 so that $1/usr is a complete sysroot.
unpack() {
    local out=$1 debs=$2 usr=$1/usr package program library sources host_sysroot
    for package in "${PACKAGES[@]}"; do dpkg -x "$debs/${package}"_*.deb "$out"; done
    sources=$(dpkg-deb -c "$debs"/rust-web-src_*.deb |
        awk '$6 ~ /\/usr\/src\/rustc-[0-9.]*\/library\/$/ { print $6 }')
    [ -n "$sources" ] || die "rust-web-src holds no library folder"
    dpkg --fsys-tarfile "$debs"/rust-web-src_*.deb | tar -x -C "$out" "$sources"
    mkdir -p "$usr/lib/rustlib/src" "$usr/lib/rustlib/$HOST/bin"
    ln -s "../../../src/$(basename "$(dirname "$sources")")" "$usr/lib/rustlib/src/rust"
    for library in "$usr"/lib/x86_64-linux-gnu/*.so*; do
        ln -sfn "x86_64-linux-gnu/${library##*/}" "$usr/lib/${library##*/}"
    done
    host_sysroot=$(rustc --print sysroot)
    ln -sfn "$host_sysroot/lib/rustlib/$HOST/bin/rust-lld" "$usr/lib/rustlib/$HOST/bin/rust-lld"
    # Relative to their own place: the folder is renamed when it is complete. cargo recognises a
    # compiler by what it says to -vV, so that names the library too: objects made with another
    # build of it are made anew instead of failing to link.
    for program in rustc clippy-driver; do
        cat >"$out/$program" <<'WRAPPER'
#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
LD_LIBRARY_PATH="$here/usr/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export LD_LIBRARY_PATH
case "$*" in
*-vV)
    "$here/usr/bin/${0##*/}" "$@" || exit
    # Absent only while the library itself is compiled.
    [ ! -f "$here/library-id" ] || cat "$here/library-id"
    exit 0
    ;;
esac
exec "$here/usr/bin/${0##*/}" "$@"
WRAPPER
        chmod +x "$out/$program"
    done
}

# Compiles core and alloc for the target into the sysroot $1/usr.
build_core() {
    local out=$1 usr=$1/usr work=$1/core-build lib remap
    say "compiling core and alloc for $RISCV_TARGET (about a minute)"
    mkdir -p "$work/src"
    echo '#![no_std]' >"$work/src/lib.rs"
    cat >"$work/Cargo.toml" <<'MANIFEST'
[package]
name = "core-build"
version = "0.0.0"
edition = "2021"
[workspace]
[profile.release]
panic = "abort"
opt-level = "s"
debug = 0
MANIFEST
    # Bitcode is what fat LTO reads; the remapping keeps this folder's name out of the library, so
    # that it is the same on every machine.
    remap="--remap-path-prefix=$usr/lib/rustlib/src/rust=/rust --remap-path-prefix=$work=/rust"
    (cd "$work" && env -u CARGO_ENCODED_RUSTFLAGS RUSTC="$out/rustc" RUSTC_BOOTSTRAP=1 \
        RUSTFLAGS="-Cembed-bitcode=yes $remap" CARGO_TARGET_DIR="$work/target" cargo build --quiet --release \
        --target "$RISCV_TARGET" -Zbuild-std=core,alloc -Zbuild-std-features=compiler-builtins-mem >&2)
    lib=$usr/lib/rustlib/$RISCV_TARGET/lib
    mkdir -p "$lib"
    cp "$work/target/$RISCV_TARGET"/release/deps/lib{core,alloc,compiler_builtins}-*.rlib "$lib/"
    printf 'library: %s\n' "$(cat "$lib"/*.rlib | sha256sum | cut -c 1-16)" >"$out/library-id"
    rm -rf "$work"
}

HOST=$(rustc -vV | awk '/^host:/ { print $2 }')
HOST_VERSION=$(rustc -V)
if host_has_target; then
    key="host $RECIPE $HOST_VERSION"
else
    # rust-lld is linked from the host toolchain, so another host toolchain needs another run.
    key="debian $RECIPE $RISCV_RUST_DEBIAN $(rustc --print sysroot)"
fi
if is_current $PART "$key"; then exit 0; fi

mkdir -p "$COVERT_CACHE"
fresh=$(mktemp -d "$COVERT_CACHE/tmp.riscv-rust.XXXXXX")
trap 'rm -rf "$fresh"' EXIT
trap 'exit 130' INT TERM
chmod 755 "$fresh"

if [ "${key%% *}" = host ]; then
    say "the host toolchain ($HOST_VERSION) has $RISCV_TARGET: using it for the firmware"
    for program in rustc clippy-driver; do
        printf '#!/bin/sh\nexec %s "$@"\n' "$program" >"$fresh/$program"
        chmod +x "$fresh/$program"
    done
else
    [ "$HOST" = x86_64-unknown-linux-gnu ] ||
        die "no compiler for $RISCV_TARGET: on $HOST the host toolchain itself must have that target"
    command -v apt-get >/dev/null || die "no apt-get: run 'rustup target add $RISCV_TARGET' instead"
    # Lists as a machine was installed with may be older than the pinned version.
    is_listed rustc-web "$RISCV_RUST_DEBIAN" || refresh_package_lists
    version=$(choose_version rustc-web "$RISCV_RUST_DEBIAN") || die "Debian's package lists hold no rustc-web"
    # Outside the temporary folder: an interrupted download is not repeated.
    debs=$COVERT_CACHE/download/riscv-rust-$version
    if ! fetch "$debs" "$version"; then
        # Lists older than the archive name files that are no longer there.
        refresh_package_lists
        version=$(choose_version rustc-web "$RISCV_RUST_DEBIAN") || die "Debian's package lists hold no rustc-web"
        debs=$COVERT_CACHE/download/riscv-rust-$version
        fetch "$debs" "$version" || die "cannot download rustc-web $version"
    fi
    unpack "$fresh" "$debs"
    build_core "$fresh"
    say "$("$fresh/rustc" -V) serves $RISCV_TARGET"
fi
install_part $PART "$fresh" "$key"
rm -rf "$COVERT_CACHE/download"
