#!/usr/bin/env bash
# Runs the guests on QEMU's `virt` with the stand-in firmware qemu-sbi, and compares what they print with expected/ and
# with sha256sum and wc. The processor is QEMU's: an oracle that shares nothing with the chip.
#
# usage: firmware/guests/test-on-qemu.sh [DIR]      test
#        firmware/guests/test-on-qemu.sh --count    instructions of each guest, in QEMU
#
# DIR holds the ELFs; default $COVERT_FIRMWARE_DIR, or what scripts/firmware.sh builds.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
. "$here/../../scripts/lib.sh"

count=false
if [ "${1:-}" = --count ]; then
    count=true
    shift
fi
elves=${1:-${COVERT_FIRMWARE_DIR:-}}
if [ -z "$elves" ]; then
    "$COVERT_ROOT/scripts/firmware.sh" build
    elves=${CARGO_TARGET_DIR:-$COVERT_ROOT/target}/firmware/$RISCV_TARGET/release
fi
[ -f "$elves/qemu-sbi" ] || die "no guests in $elves; run: make build"
command -v qemu-system-riscv32 >/dev/null || die "no qemu-system-riscv32; run: make test, which installs it"
export LC_ALL=C

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Bits of the word that qemu-sbi reads.
readonly LEGACY=1 LEAK=2

# guest NAME INPUT OPTIONS [QEMU ARGUMENT...]: console on standard output, the guest's exit code as status.
# A second, sleeping hart (wfi; j .-4) makes QEMU run atomics as atomics, which fault as AMOs; alone it splits them
# into a load and a store.
guest() {
    local name=$1 input=$2 options=$3
    shift 3
    timeout 300 qemu-system-riscv32 -M virt -cpu rv32,mmu=off,h=off -m 16 -smp 2 -accel tcg,thread=multi \
        -display none -serial none -monitor none -bios none \
        -semihosting-config enable=on,target=native \
        -device loader,addr=0x80000000,data=0xffdff06f10500073,data-len=8 \
        -device "loader,addr=0x80700000,data=$options,data-len=4" \
        -device "loader,file=$elves/qemu-sbi,cpu-num=0" -device "loader,file=$elves/$name" \
        "$@" <"$input" | cat
    return "${PIPESTATUS[0]}"
}

# What digest must print for the file $1.
digest_of() {
    printf 'sha256 %s\n' "$(sha256sum <"$1" | cut -d ' ' -f 1)"
    wc <"$1" | awk '{ print "lines", $1, "words", $2, "bytes", $3 }'
}

: >"$work/empty"
printf 'one two\nno newline at the end' >"$work/unended"
# All byte values, twice, the second time with white space of every kind between them.
for separator in '' '\t' '\n' '\v' '\f' '\r' ' '; do
    for byte in {0..255}; do
        # shellcheck disable=SC2059
        printf "\\x$(printf %x "$byte")$separator"
    done
done >"$work/bytes"
head -c 102400 < <(seq 1 40000 | tr '058' ' \t\n') >"$work/text"
head -c 307200 < <(seq 1 200000 | gzip -n) >"$work/binary"

if $count; then
    # One line of log per instruction; the guest's own are told by their address.
    for run in compute:empty digest:empty digest:text hostile:empty; do
        counted=$(guest "${run%:*}" "$work/${run#*:}" 0 -singlestep -d exec,nochain -D /dev/fd/3 3>&1 >/dev/null |
            awk -F / '/^Trace/ { if ($2 >= "80200000" && $2 < "80400000") guest++; else firmware++ }
                END { printf "%9d instructions, %7d of the firmware\n", guest, firmware }')
        printf '%-14s %s\n' "$run" "$counted"
    done
    exit
fi

passed=0 failed=0
# check NAME STATUS EXPECTED-FILE COMMAND...: the command's output and exit status.
check() {
    local name=$1 status=$2 expected=$3 got=0
    shift 3
    "$@" >"$work/out" || got=$?
    if [ "$got" = "$status" ] && diff -u "$expected" "$work/out" >"$work/diff"; then
        passed=$((passed + 1))
        echo "ok   $name"
    else
        failed=$((failed + 1))
        echo "FAIL $name (status $got, expected $status)"
        cat "$work/diff"
    fi
}

for name in compute ticks hostile; do
    check "$name" 0 "$here/expected/$name.txt" guest $name "$work/empty" 0
done
for input in empty unended bytes text binary; do
    digest_of "$work/$input" >"$work/expected"
    check "digest $input" 0 "$work/expected" guest digest "$work/$input" 0
done
for name in compute ticks; do
    check "$name, legacy SBI" 0 "$here/expected/$name.txt" guest $name "$work/empty" $LEGACY
done
digest_of "$work/text" >"$work/expected"
check "digest text, legacy SBI" 0 "$work/expected" guest digest "$work/text" $LEGACY

# The checker checked: with the CLINT's words within reach, hostile must say so, and fail. QEMU's CLINT itself
# refuses bytes.
awk '/ clint / && !/ (jump|byte) / { sub(/contained.*/, "BREACH") }
     /^hostile:/ { sub(/0 breaches/, "18 breaches") } { print }' "$here/expected/hostile.txt" >"$work/expected"
breached() {
    guest hostile "$work/empty" $LEAK | sed 's/BREACH.*/BREACH/'
    return "${PIPESTATUS[0]}"
}
check "hostile finds a leak" 1 "$work/expected" breached

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
