#!/usr/bin/env bash
# Boots the guest Linux on QEMU's `virt` with the stand-in firmware qemu-linux (firmware/guests), runs the sessions on both kernels with a
# disk and a network, and compares what they print with expected/. The machine is QEMU's: a reference that shares nothing with the chip.
#
# usage: firmware/linux/test-on-qemu.sh [6.1|6.12]...        test; both kernels if none is named
#        firmware/linux/test-on-qemu.sh --count [6.1|6.12]...  instructions of the sessions and of a boot to the prompt
#        firmware/linux/test-on-qemu.sh --shell 6.1|6.12      a shell at this terminal
#
# The stand-in firmware is taken from $COVERT_FIRMWARE_DIR, or built by scripts/firmware.sh.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
. "$here/../../scripts/lib.sh"
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin

action=test
case ${1:-} in
--count | --shell)
    action=${1#--}
    shift
    ;;
esac
if [ $# = 0 ]; then set -- 6.1 6.12; fi
versions=("$@")

firmware=${COVERT_FIRMWARE_DIR:-}
if [ -z "$firmware" ]; then
    "$COVERT_ROOT/scripts/firmware.sh" build
    firmware=${CARGO_TARGET_DIR:-$COVERT_ROOT/target}/firmware/$RISCV_TARGET/release
fi
[ -f "$firmware/qemu-linux" ] || die "no qemu-linux in $firmware; run: make build"
for version in "${versions[@]}"; do
    [ -f "$COVERT_CACHE/linux-$version/Image" ] || die "no Linux $version in $COVERT_CACHE; run: make build"
done
[ -f "$COVERT_CACHE/userland/initrd.cpio" ] || die "no userland in $COVERT_CACHE; run: make build"
command -v qemu-system-riscv32 >/dev/null || die "no qemu-system-riscv32; run: make test, which installs it"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Sets QEMU, the command that boots Linux VERSION with the kernel's arguments APPEND: machine VERSION APPEND [QEMU ARGUMENT...].
# A processor like the chip's: the extras of QEMU's are off. 31 MiB of RAM for Linux, as on the chip, and 4 MiB below it.
machine() {
    QEMU=(qemu-system-riscv32 -M virt -cpu rv32,h=off,f=off,d=off,sstc=off,zba=off,zbb=off,zbc=off,zbs=off -m 35
        -display none -monitor none -no-reboot -semihosting-config enable=on,target=native
        -global virtio-mmio.force-legacy=false -device virtio-rng-device -bios "$firmware/qemu-linux"
        -kernel "$COVERT_CACHE/linux-$1/Image" -initrd "$COVERT_CACHE/userland/initrd.cpio"
        -append "quiet panic=-1 $2" "${@:3}")
}

# Arguments for a disk in file $1 and for a network whose host port $1 is the guest's 7007.
disk() { ARGUMENTS+=(-drive "if=none,id=disk,format=raw,file=$1" -device virtio-blk-device,drive=disk); }
network() { ARGUMENTS+=(-netdev "user,id=net,hostfwd=udp:127.0.0.1:$1-10.0.2.15:7007" -device virtio-net-device,netdev=net); }

# run DATAGRAMS COMMAND...: the machine with the host's side of the network session; its console without carriage returns.
run() {
    local status=0
    timeout 600 "$here/peer.py" --send "$1" "${@:2}" | tr -d '\r' || status=${PIPESTATUS[0]}
    return "$status"
}

# session VERSION NAME CONSOLE DISK: runs a session. CONSOLE is hvc0 (SBI) or ttyS0 (ns16550); an empty DISK means none; those that
# need a network have one.
session() {
    local send=0 serial=none
    ARGUMENTS=()
    if [ -n "$4" ]; then disk "$4"; fi
    case $2 in
    session | net)
        send=16
        network '{forward}'
        ;;
    brief)
        send=4
        network '{forward}'
        ;;
    esac
    if [ "$3" = ttyS0 ]; then serial=stdio; fi
    machine "$1" "console=$3 covert.run=$2 PEER_PORT={echo}" -serial $serial "${ARGUMENTS[@]}"
    run $send "${QEMU[@]}" </dev/null
}

# The network's session without a network.
no_network() {
    machine "$1" "console=hvc0 covert.run=net" -serial none -nic none
    run 0 "${QEMU[@]}" </dev/null
}

# A shell on the ns16550, given a command at its prompt and ended by `poweroff`.
at_prompt() {
    local seen='' byte input output process
    machine "$1" console=ttyS0 -serial stdio
    coproc GUEST { exec "${QEMU[@]}"; }
    # The shell forgets these as soon as the machine ends.
    process=$GUEST_PID
    exec {output}<&"${GUEST[0]}" {input}>&"${GUEST[1]}"
    while IFS= read -r -t 120 -N 1 byte <&"$output"; do
        seen+=$byte
        case $seen in *'# ') break ;; esac
    done
    # shellcheck disable=SC2016
    printf 'echo $((6 * 7)) $(ls /etc/covert | wc -l)\npoweroff\n' >&"$input"
    # The command is echoed, with terminal escapes; what it prints stands on a line of its own.
    tr -d '\r' <&"$output" | grep -x '[0-9 ]*' || true
    exec {output}<&- {input}>&-
    wait "$process"
}

# The instructions of session $2, or of a shell that is given `poweroff` at its prompt, with disk and network. Time goes by instructions, 32 ns
# each, and jumps when the guest waits, so that there are about as many timer interrupts as on the chip.
count() {
    local send=0 append="console=hvc0"
    "$here/new-disk.sh" "$work/disk"
    echo poweroff >"$work/input"
    ARGUMENTS=()
    disk "$work/disk"
    network '{forward}'
    case $2 in
    prompt) ;;
    session | net) send=16 ;&
    brief) [ $send != 0 ] || send=4 ;&
    *) append+=" covert.run=$2 PEER_PORT={echo}" ;;
    esac
    # One line of log for each instruction; the firmware's own are told by their address.
    machine "$1" "$append" -serial none "${ARGUMENTS[@]}" -icount shift=5,sleep=off -singlestep -d exec,nochain -D /dev/fd/3
    run $send "${QEMU[@]}" <"$work/input" 3>&1 >/dev/null | awk -F / -v name="$1 $2" '
        /^Trace/ { if ($2 >= "80000000" && $2 < "80400000") firmware++; else guest++ }
        END { printf "%-14s %9d instructions, %7d of the firmware\n", name, guest, firmware }'
}

passed=0 failed=0
# check NAME STATUS EXPECTED-FILE COMMAND...: the command's output and exit status.
check() {
    local name=$1 status=$2 expected=$3 got=0
    shift 3
    "$@" >"$work/out" 2>"$work/err" || got=$?
    if [ "$got" = "$status" ] && diff -u "$expected" "$work/out" >"$work/diff"; then
        passed=$((passed + 1))
        echo "ok   $name"
    else
        failed=$((failed + 1))
        echo "FAIL $name (status $got, expected $status)"
        cat "$work/diff" "$work/err"
    fi
}

# Silent if the file system is clean.
file_system_check() { e2fsck -f -n "$1" >"$work/fsck" 2>&1 || cat "$work/fsck"; }

# Changes one byte in the last file of the disk session.
spoil() {
    local block
    block=$(debugfs -R 'bmap /file-010 20' "$1" 2>/dev/null)
    printf 'X' | dd of="$1" bs=1 seek=$((block * 1024 + 100)) conv=notrunc status=none
}

test_version() {
    local version=$1
    "$here/new-disk.sh" "$work/disk"
    check "$version brief session" 0 "$here/expected/brief.txt" session "$version" brief hvc0 "$work/disk"
    "$here/new-disk.sh" "$work/disk"
    check "$version session" 0 "$here/expected/session.txt" session "$version" session hvc0 "$work/disk"
    check "$version leaves the file system clean" 0 "$work/empty" file_system_check "$work/disk"
    # Of the first kernel's first session: all others leave the same, whatever the kernel, the console and the time it took.
    [ -f "$work/disk-1" ] || cp "$work/disk" "$work/disk-1"
    check "$version leaves the same disk as every kernel" 0 "$work/empty" cmp "$work/disk-1" "$work/disk"
    "$here/new-disk.sh" "$work/disk"
    check "$version session, ns16550 as console" 0 "$here/expected/session.txt" session "$version" session ttyS0 "$work/disk"
    check "$version leaves the same disk again" 0 "$work/empty" cmp "$work/disk-1" "$work/disk"
    check "$version prompt" 0 "$work/prompt" at_prompt "$version"

    # The checks checked: a changed byte, no disk, no network, no such session.
    spoil "$work/disk"
    check "$version finds a changed byte" 1 "$here/expected/verify-spoilt.txt" session "$version" verify hvc0 "$work/disk"
    check "$version misses the disk" 1 "$work/no-disk" session "$version" disk hvc0 ''
    check "$version misses the network" 1 "$work/no-network" no_network "$version"
    check "$version has no such session" 2 "$work/no-session" session "$version" nosuch hvc0 ''
}

case $action in
test)
    : >"$work/empty"
    echo 'disk: no ext2 disk on /mnt' >"$work/no-disk"
    echo 'ping: sendto: Network unreachable' >"$work/no-network"
    echo "sh: can't open '/etc/covert/nosuch': No such file or directory" >"$work/no-session"
    echo "42 $(find "$here/userland/etc" -type f | wc -l)" >"$work/prompt"
    for version in "${versions[@]}"; do test_version "$version"; done
    echo "$passed passed, $failed failed"
    [ "$failed" = 0 ]
    ;;
count)
    for version in "${versions[@]}"; do
        for name in boot prompt brief compute disk net session; do count "$version" $name; done
    done
    ;;
shell)
    ARGUMENTS=()
    "$here/new-disk.sh" "$work/disk"
    disk "$work/disk"
    say "Linux ${versions[0]}, with a disk on /mnt; 'poweroff' ends it, and so does Ctrl-A x"
    machine "${versions[0]}" console=ttyS0 -serial mon:stdio "${ARGUMENTS[@]}" -nic user,model=virtio-net-device
    "${QEMU[@]}"
    ;;
esac
