#!/bin/sh
# Makes a new disk for the sessions, the same each time: 4 MiB of ext2, one block group, no random identity, no time of this machine.
#
# usage: firmware/linux/new-disk.sh FILE
set -eu
PATH=$PATH:/usr/sbin:/sbin
rm -f "$1"
E2FSPROGS_FAKE_TIME=978307200 mke2fs -q -t ext2 -b 1024 -N 64 -U 2b1f1e5c-5c0e-4b0e-8a52-1a2b3c4d5e6f \
    -E hash_seed=2b1f1e5c-5c0e-4b0e-8a52-1a2b3c4d5e70,root_owner=0:0 "$1" 4096 >/dev/null
