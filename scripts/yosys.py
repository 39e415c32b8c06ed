#!/usr/bin/env python3
"""Yosys' command line, as far as sby and the project's scripts use it, on top of pyosys.

pyosys is Yosys as a native library without its program; the package that has the program is
WebAssembly, which takes a minute to warm up.

    yosys [-q] [-l LOG] [-p COMMANDS]... [SCRIPT.ys]
"""

import argparse
import os
import shlex
import sys

from pyosys import libyosys


def main() -> int:
    parser = argparse.ArgumentParser(prog="yosys", description="Yosys (pyosys)")
    parser.add_argument("-q", action="store_true", help="print errors only")
    parser.add_argument("-l", metavar="LOG", help="append the messages to LOG")
    parser.add_argument("-p", metavar="COMMANDS", action="append", default=[])
    parser.add_argument("script", nargs="?", help="a Yosys script, run first")
    args = parser.parse_args()

    commands = list(args.p)
    if args.script:
        commands.insert(0, f"script {shlex.quote(args.script)}")
    if args.q:
        # Yosys prints from C++: the descriptor itself is redirected. Errors go to stderr.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    design = libyosys.Design()
    for command in commands:
        if args.l:
            command = f"tee -a {shlex.quote(args.l)} {command}"
        # On an error Yosys prints it and ends the process with status 1.
        libyosys.run_pass(command, design)
    return 0


if __name__ == "__main__":
    sys.exit(main())
