#!/usr/bin/env bash
# Prints the bytes of the firmware image as it is loaded, boot descriptor's page included: this is what every
# recovery reloads. With a limit as second argument, fails when it is exceeded.
#
# usage: firmware/size.sh ELF [LIMIT]
set -euo pipefail
elf=${1:?usage: firmware/size.sh ELF [LIMIT]}
limit=${2:-}
page=4096
size=0
while read -r kind _ _ phys filesz memsz _; do
    [ "$kind" = LOAD ] || continue
    [ "$((filesz))" = "$((memsz))" ] || { echo "$elf: a segment with uninitialised data" >&2; exit 1; }
    end=$((phys + filesz - 0x40000000))
    [ "$end" -le "$size" ] || size=$end
done < <(readelf -lW "$elf")
image=$(((size + page - 1) / page * page))
echo "firmware: $((size - page)) bytes of code and constants, image $image bytes"
[ -z "$limit" ] || [ "$image" -le "$limit" ] || { echo "firmware: image is larger than $limit bytes" >&2; exit 1; }
