#!/usr/bin/env bash
# Builds the kernels: build.sh OUTDIR makes there
#   covert-O2.elf, covert-O3.elf   bare, RV32IMAC, counters in CSRs
#   vexriscv-O2.elf, -O3.elf       bare, RV32IM, counters in memory where the harness of vexriscv/ has them
#   guest.elf, vexriscv.elf        -O2, endless: under an SBI firmware (RV32IMAC), bare (RV32IM)
#   expected                       what the host's build of the same source prints
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=${1:?usage: build.sh OUTDIR}
mkdir -p "$out"

warnings=(-Wall -Wextra -Werror -std=gnu11)

# riscv NAME ISA OPTIONS...
riscv() {
    local name=$1 isa=$2
    shift 2
    # There is no library: the loop in memset must not become a call of memset.
    riscv64-unknown-elf-gcc "${warnings[@]}" -march="$isa" -mabi=ilp32 -ffreestanding -nostdlib -static \
        -fno-tree-loop-distribute-patterns "$@" -Wl,-T,"$here/kernels.ld",--no-warn-rwx-segments \
        "$here"/*.c -o "$out/$name.elf" -lgcc
}

counters=-DCOUNTERS=0xf0000000
for level in O2 O3; do
    riscv "covert-$level" rv32imac_zicsr "-$level"
    riscv "vexriscv-$level" rv32im_zicsr "-$level" "$counters"
done
riscv guest rv32imac_zicsr -O2 -DSBI -DFOREVER
riscv vexriscv rv32im_zicsr -O2 -DFOREVER "$counters"

gcc "${warnings[@]}" -O1 "$here"/*.c -o "$out/host"
"$out/host" >"$out/expected"
