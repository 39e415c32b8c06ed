#!/usr/bin/env bash
# Builds the guest Linux from Debian's source packages: unmodified kernels for RV32 and a static userland.
#
#   $COVERT_CACHE/linux-6.1, linux-6.12    Image, vmlinux (for gdb), System.map, config
#   $COVERT_CACHE/userland                 initrd.cpio; cc, a compiler for more programs; sysroot
#   $COVERT_CACHE/sources                  the source packages, kept: another configuration needs no download
#
# firmware/linux holds the configurations and the userland's own sources. A part is built anew when these, a version or a
# recipe below change. The system's package lists stay as they are: the sources that are no packages of this release
# come through a list of this script's own.
# Called by setup.sh, which sees to it that it runs once at a time.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/debian.sh
. "$COVERT_ROOT/scripts/debian.sh"

readonly GUEST=$COVERT_ROOT/firmware/linux SOURCES=$COVERT_CACHE/sources
readonly CROSS=riscv64-linux-gnu- ARCHITECTURE="-march=rv32imac -mabi=ilp32"

# A checksum of the contents and names of files and folders, in the order of their names.
checksum() {
    (cd "$GUEST" && find "$@" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c 1-16)
}

# A checksum of the functions of that name, so that no change of a recipe is forgotten: a part that another recipe made may
# look the same and be another (build numbers, times).
recipe() { declare -f "$@" | sha256sum | cut -c 1-16; }

# Makes WORK, a folder in the cache that is moved into place as a part, or is gone when the script ends.
work_folder() {
    WORK=$(mktemp -d "$COVERT_CACHE/tmp.$1.XXXXXX")
    chmod 755 "$WORK"
}

# --- sources

# Prints the name of the archive with the sources of kernel series $1, package version $2, after downloading it if need be.
kernel_source() {
    local package=linux-source-$1 pinned=$2 version
    if compgen -G "$SOURCES/${package}_${pinned}_*.deb"; then return; fi
    is_listed "$package" "$pinned" || refresh_package_lists
    version=$(choose_version "$package" "$pinned") || die "Debian's package lists hold no $package"
    if ! compgen -G "$SOURCES/${package}_${version}_*.deb" >/dev/null; then
        say "downloading $package $version from Debian (about 150 MB)"
        if ! download_packages "$SOURCES/part" "$package=$version"; then
            # Lists older than the archive name files that are no longer there.
            refresh_package_lists
            version=$(choose_version "$package" "$pinned") || die "Debian's package lists hold no $package"
            download_packages "$SOURCES/part" "$package=$version" || die "cannot download $package $version"
        fi
        mv "$SOURCES/part/$package"_*.deb "$SOURCES/"
    fi
    compgen -G "$SOURCES/${package}_${version}_*.deb"
}

# Sets APT to the options that make apt use a source list of our own, for the sources of bookworm and trixie, from the
# same mirror as this machine's packages.
use_source_list() {
    local codename mirror dir=$WORK/apt
    codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    mirror=$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' 'Component: main' |
        awk -v codename="$codename" '$1 == codename || $1 ~ /^(old)*stable$/ { print $2; exit }')
    [ -n "$mirror" ] || die "apt's configuration names no mirror of Debian $codename"
    mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
    printf 'deb-src %s %s main\n' "$mirror" bookworm "$mirror" trixie >"$dir/sources.list"
    APT=(-q -o "Dir::Etc::SourceList=$dir/sources.list" -o Dir::Etc::SourceParts=/dev/null
        -o "Dir::State::Lists=$dir/lists" -o "Dir::Cache=$dir/cache" -o APT::Sandbox::User=root)
    say "reading the lists of Debian's source packages"
    apt-get "${APT[@]}" update >&2 || die "cannot read the lists of Debian's source packages"
}

# Prints the version of source package $1 to use: $2, the pinned one, or the newest of the same series.
choose_source_version() {
    local listed version series newest=
    # The upstream version up to its second number, with the epoch.
    series=$(printf '%s\n' "$2" | sed -E 's/^(([0-9]+:)?[0-9]+\.[0-9]+).*/\1/')
    listed=$(apt-cache "${APT[@]}" showsrc --only-source "$1" | sed -n 's/^Version: //p')
    for version in $listed; do
        if [ "$version" = "$2" ]; then
            printf '%s\n' "$2"
            return
        fi
        case $version in "$series"[.-]*) ;; *) continue ;; esac
        if [ -z "$newest" ] || dpkg --compare-versions "$version" gt "$newest"; then newest=$version; fi
    done
    [ -n "$newest" ] || return 1
    warn_version_gone "$1" "$2" "$newest"
    printf '%s\n' "$newest"
}

# Prints the name of upstream's archive in source package $1 version $2, after downloading it if need be. The lists are
# those of use_source_list, called before the first download.
upstream_source() {
    local name=$1 pinned=$2 version dir=$SOURCES/$1-$2
    if ! [ -d "$dir" ]; then
        [ -d "$WORK/apt" ] || die "internal error: no source list"
        version=$(choose_source_version "$name" "$pinned") || die "Debian's lists hold no sources of $name like $pinned"
        dir=$SOURCES/$name-$version
    fi
    if ! [ -d "$dir" ]; then
        say "downloading the sources of $name $version from Debian"
        rm -rf "$SOURCES/part"
        mkdir -p "$SOURCES/part"
        (cd "$SOURCES/part" && apt-get "${APT[@]}" source --download-only --tar-only --only-source "$name=$version" >&2) ||
            die "cannot download the sources of $name $version"
        mv "$SOURCES/part" "$dir"
    fi
    compgen -G "$dir/*.orig.tar.?z*" | grep -v '\.asc$' || die "$dir holds no archive; delete it and run set-up again"
}

# --- kernels

# Builds the kernel of series $1 from package version $2 as part linux-$1. An interrupted build goes on where it was.
build_kernel() {
    local series=$1 version=$2 part=linux-$1 build=$COVERT_CACHE/build/linux-$1 key source
    key="$(recipe build_kernel) $version $(checksum linux.config "linux-$series.config") $("${CROSS}gcc" -dumpfullversion)"
    if is_current "$part" "$key"; then
        rm -rf "$build"
        return
    fi
    source=$(kernel_source "$series" "$version")

    say "building Linux $series from $(basename "$source") (some minutes)"
    if ! is_current "build/$part" "$key"; then
        rm -rf "$build"
        mkdir -p "$build/source" "$build/objects"
        # Without large folders of what RV32 does not need.
        dpkg --fsys-tarfile "$source" | tar -x -O --wildcards '*/linux-source-*.tar.xz' |
            tar -x -J -C "$build/source" --strip-components 1 --exclude='*/drivers/gpu/drm/*/*.[ch]' \
                --exclude='*/tools/testing' --exclude='*/tools/perf' --exclude='*/Documentation/*/*'
        cat "$GUEST/linux.config" "$GUEST/linux-$series.config" >"$build/fragment"
        printf '%s\n' "$key" >"$build/.covert-stamp"
    fi
    # The same image on every machine.
    kernel_make() {
        make -s -C "$build/source" O="$build/objects" ARCH=riscv CROSS_COMPILE="$CROSS" \
            KBUILD_BUILD_VERSION=1 KBUILD_BUILD_TIMESTAMP=1970-01-01 KBUILD_BUILD_USER=covert KBUILD_BUILD_HOST=covert "$@" >&2
    }
    kernel_make KCONFIG_ALLCONFIG="$build/fragment" allnoconfig
    check_config "$build/fragment" "$build/objects/.config"
    kernel_make -j"$(nproc)" Image
    work_folder "$part"
    cp "$build/objects/arch/riscv/boot/Image" "$build/objects/vmlinux" "$build/objects/System.map" \
        "$build/objects/usr/gen_init_cpio" "$WORK/"
    cp "$build/objects/.config" "$WORK/config"
    install_part "$part" "$WORK" "$key"
    rm -rf "$build"
}

# Fails if a setting of fragment $1 did not make it into configuration $2: its name is wrong, or something it needs is off.
check_config() {
    local missing
    missing=$(grep -E '^(CONFIG_|# CONFIG_.* is not set$)' "$1" | sed 's/^# \(.*\) is not set$/\1=n/' | awk -F= '
        NR == FNR { if ($1 ~ /^CONFIG_/) have[$1] = $2; next }
        { value = $1 in have ? have[$1] : "n"; if (value != $2) print $1 }' "$2" -)
    [ -z "$missing" ] || die "not taken by the configuration: $(echo "$missing" | tr '\n' ' ')"
}

# --- userland

# Builds the C library in folder $2 from the sources in $1, with what a static program needs besides, and a compiler that uses it.
build_sysroot() {
    local source=$1 sysroot=$2 headers
    (cd "$source" && CC="${CROSS}gcc $ARCHITECTURE" LIBCC="$sysroot/lib/libgcc.a" CROSS_COMPILE=$CROSS \
        ./configure --target=riscv32-linux-musl --prefix="$sysroot" --disable-shared --disable-wrapper &&
        make -s -j"$(nproc)" && make -s install) >"$WORK/log" 2>&1 || failed "the C library"
    # shellcheck disable=SC2086
    cp "$(riscv64-unknown-elf-gcc $ARCHITECTURE -print-libgcc-file-name)" "$sysroot/lib/"
    # The kernel's headers for programs, of whatever version: its interface only grows.
    for headers in asm asm-generic linux mtd; do
        cp -r "/usr/riscv64-linux-gnu/include/$headers" "$sysroot/include/"
    done
}

# Writes into folder $1 the compiler `cc` for static RV32 programs with the C library in $1/sysroot. It finds its files
# beside it: the folder is renamed when it is complete.
write_compiler() {
    cat >"$1/cc" <<WRAPPER
#!/bin/sh
SYSROOT=\$(dirname "\$(readlink -f "\$0")")/sysroot
export SYSROOT
exec ${CROSS}gcc $ARCHITECTURE -fno-pie -no-pie -static -specs="\$SYSROOT/gcc.specs" "\$@"
WRAPPER
    chmod +x "$1/cc"
    # The cross compiler's own start files and libraries are for RV64 and another C library.
    cat >"$1/sysroot/gcc.specs" <<'SPECS'
%rename cpp_options old_cpp_options

*cpp_options:
-nostdinc -isystem %:getenv(SYSROOT /include) %(old_cpp_options)

*cc1:
-nostdinc -isystem %:getenv(SYSROOT /include)

*startfile:
%:getenv(SYSROOT /lib/crt1.o) %:getenv(SYSROOT /lib/crti.o)

*endfile:
%:getenv(SYSROOT /lib/crtn.o)

*lib:
-lc

*libgcc:
%:getenv(SYSROOT /lib/libgcc.a)

*link:
-m elf32lriscv_ilp32 -static -L%:getenv(SYSROOT /lib)

SPECS
}

# Builds busybox in folder $1 with the compiler $2: what busybox.config names, and nothing else.
build_busybox() {
    local source=$1 cc=$2
    (
        cd "$source"
        # busybox's `allnoconfig` takes no fragment: everything is named, off, then the fragment's lines are put in.
        # No time of this machine in the program.
        export KCONFIG_NOTIMESTAMP=1
        make -s allyesconfig
        awk 'NR == FNR { if (/^CONFIG_/) { split($0, a, "="); wanted[a[1]] = $0 } next }
             { name = $1 == "#" ? $2 : $1; sub(/=.*/, "", name) }
             name in wanted { print wanted[name]; next }
             /^CONFIG_.*=y$/ { print "# " name " is not set"; next } { print }' \
            "$GUEST/userland/busybox.config" .config >config.new
        mv config.new .config
        # The kernel's kconfig of its day takes a configuration for unchanged within a second.
        touch -d '+2 seconds' .config
        make -s oldconfig </dev/null
        make -s -j"$(nproc)" CC="$cc" LD="${CROSS}ld -m elf32lriscv_ilp32" CROSS_COMPILE=$CROSS busybox
    ) >"$WORK/log" 2>&1 || failed "busybox"
    check_config "$GUEST/userland/busybox.config" "$source/.config"
}

failed() {
    tail -n 30 "$WORK/log" >&2
    die "$1 did not build"
}

build_userland() {
    local key cc musl busybox flags="-Os -std=gnu11 -Wall -Wextra -Werror -s"
    key="$(recipe build_userland build_sysroot write_compiler build_busybox) $ARCHITECTURE $MUSL_DEBIAN $BUSYBOX_DEBIAN"
    key="$key $(checksum userland) $("${CROSS}gcc" -dumpfullversion)"
    if is_current userland "$key"; then return; fi

    work_folder userland
    mkdir -p "$WORK/musl" "$WORK/busybox" "$WORK/part/sysroot"
    [ -d "$SOURCES/musl-$MUSL_DEBIAN" ] && [ -d "$SOURCES/busybox-$BUSYBOX_DEBIAN" ] || use_source_list
    musl=$(upstream_source musl "$MUSL_DEBIAN")
    busybox=$(upstream_source busybox "$BUSYBOX_DEBIAN")
    say "building the guest's userland from $(basename "$musl") and $(basename "$busybox") (about a minute)"
    tar -x -C "$WORK/musl" --strip-components 1 -f "$musl"
    tar -x -C "$WORK/busybox" --strip-components 1 -f "$busybox"

    build_sysroot "$WORK/musl" "$WORK/part/sysroot"
    write_compiler "$WORK/part"
    cc=$WORK/part/cc
    build_busybox "$WORK/busybox" "$cc"
    # shellcheck disable=SC2086
    "$cc" $flags -o "$WORK/init" "$GUEST/userland/src/init.c"
    # shellcheck disable=SC2086
    "$cc" $flags -O2 -o "$WORK/workload" "$GUEST"/userland/src/{workload,compute,files,udp}.c
    # The kernel's own tool makes device nodes without being root. No time of this machine gets in: what is made is given one by
    # -t, what is copied brings its file's.
    cp -r "$GUEST/userland/etc" "$WORK/etc"
    find "$WORK" -type f -exec touch -d @0 {} +
    sed -e "s|@BUILD@|$WORK|; s|@ETC@|$WORK/etc|" "$GUEST/userland/initrd.list" >"$WORK/list"
    "$COVERT_CACHE/linux-6.1/gen_init_cpio" -t 0 "$WORK/list" >"$WORK/part/initrd.cpio"
    install_part userland "$WORK/part" "$key"
    rm -rf "$WORK"
}

WORK=
trap '[ -z "$WORK" ] || rm -rf "$WORK"' EXIT
trap 'exit 130' INT TERM
mkdir -p "$SOURCES"
rm -rf "$SOURCES/part"
build_kernel 6.1 "$LINUX_6_1_DEBIAN"
build_kernel 6.12 "$LINUX_6_12_DEBIAN"
build_userland
