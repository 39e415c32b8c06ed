// One text line per retired instruction, from the RVFI ports of a fault model:
//   TILE ORDER PC INSN MODE TRAP INTR RD RD_WDATA MEM_ADDR RMASK WMASK RDATA WDATA PC_WDATA
// TILE and ORDER in decimal, the rest in hexadecimal without prefix.
#pragma once

#include <cstdint>
#include <string>

#include "ports.h"

namespace covert {

inline void put_hex(std::string& line, uint32_t value, int digits) {
    for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) line.push_back("0123456789abcdef"[value >> shift & 0xf]);
    line.push_back(' ');
}

template <class Model>
void record_cycle(const Model& model, unsigned tiles, std::string& lines) {
    for (unsigned i = 0; i < tiles; ++i) {
        if ((model.rvfi_valid_o >> i & 1U) == 0) continue;
        lines.push_back(static_cast<char>('0' + i));
        lines.push_back(' ');
        lines += std::to_string(lane64(model.rvfi_order_o, i));
        lines.push_back(' ');
        put_hex(lines, lane32(model.rvfi_pc_rdata_o, i), 8);
        put_hex(lines, lane32(model.rvfi_insn_o, i), 8);
        put_hex(lines, model.rvfi_mode_o >> (2 * i) & 3U, 1);
        put_hex(lines, model.rvfi_trap_o >> i & 1U, 1);
        put_hex(lines, model.rvfi_intr_o >> i & 1U, 1);
        put_hex(lines, model.rvfi_rd_addr_o >> (5 * i) & 31U, 2);
        put_hex(lines, lane32(model.rvfi_rd_wdata_o, i), 8);
        put_hex(lines, lane32(model.rvfi_mem_addr_o, i), 8);
        put_hex(lines, model.rvfi_mem_rmask_o >> (4 * i) & 0xfU, 1);
        put_hex(lines, model.rvfi_mem_wmask_o >> (4 * i) & 0xfU, 1);
        put_hex(lines, lane32(model.rvfi_mem_rdata_o, i), 8);
        put_hex(lines, lane32(model.rvfi_mem_wdata_o, i), 8);
        put_hex(lines, lane32(model.rvfi_pc_wdata_o, i), 8);
        lines.back() = '\n';
    }
}

}  // namespace covert
