"""Lists the flip-flops and memories that Yosys finds in the chip: `PATH BITS` lines, one per register or memory.

usage: flip_flops.py NTILES covert.f
"""

import json
import os
import re
import sys
import tempfile

from pyosys import libyosys


def sources(file_list: str) -> list[str]:
    folder = os.path.dirname(file_list)
    lines = (line.split("//")[0].strip() for line in open(file_list, encoding="utf-8"))
    return [os.path.join(folder, line) for line in lines if line]


def main() -> None:
    tiles, file_list = sys.argv[1:]
    out = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # Yosys prints from C++
    design = libyosys.Design()
    with tempfile.TemporaryDirectory() as folder:
        netlist = os.path.join(folder, "chip.json")
        for file in sources(file_list):
            libyosys.run_pass(f"read_verilog -sv -defer {file}", design)
        libyosys.run_pass(f"hierarchy -top covert_chip -chparam NTiles {tiles}", design)
        libyosys.run_pass("proc -noopt", design)
        libyosys.run_pass("opt_clean", design)  # variables of a process that nothing reads
        libyosys.run_pass("memory_collect", design)
        libyosys.run_pass(f"write_json {netlist}", design)
        modules = json.load(open(netlist, encoding="utf-8"))["modules"]
    top = next(name for name, module in modules.items() if int(module["attributes"].get("top", "0"), 2))
    found: dict[str, int] = {}
    walk(modules, top, "", found)
    with os.fdopen(out, "w", encoding="utf-8") as stream:
        for path, bits in sorted(found.items()):
            print(path, bits, file=stream)


def walk(modules: dict, name: str, prefix: str, found: dict[str, int]) -> None:
    module = modules[name]
    driven = set()
    for cell_name, cell in module["cells"].items():
        kind = cell["type"]
        if kind in ("$mem", "$mem_v2"):
            parameters = cell["parameters"]
            path = prefix + parameters["MEMID"].lstrip("\\")
            found[path] = int(parameters["WIDTH"], 2) * int(parameters["SIZE"], 2)
        elif re.fullmatch(r"\$(a|s|d|al|_)*(dff)[a-z]*", kind):
            driven.update(cell["connections"]["Q"])
        elif kind in modules:
            walk(modules, kind, f"{prefix}{cell_name}.", found)
    # A bit may have several names (a slice of it, a port it drives): the one that says it is a
    # register counts, and a register without such a name is shown by whatever name it has.
    names: dict[int, str] = {}
    for net, value in module["netnames"].items():
        if "$func$" in net:
            continue  # arguments of functions called in clocked processes; read by nothing
        base = re.sub(r"\[\d+\]$", "", net)
        for bit in value["bits"]:
            if bit in driven and not (names.get(bit, "").endswith("_q") and not base.endswith("_q")):
                names[bit] = base
    for base in names.values():
        found[prefix + base] = found.get(prefix + base, 0) + 1


if __name__ == "__main__":
    main()
