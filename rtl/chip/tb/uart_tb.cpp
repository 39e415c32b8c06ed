// UART: registers as byte accesses see them, both FIFOs at random speeds, packed words, hang-up.
#include <memory>

#include "Vcovert_uart.h"
#include "bench.hpp"

namespace {

struct Bench {
    Vcovert_uart top;
    bench::Random random{3};
    std::string sent;             // came out of the transmitter
    std::deque<uint8_t> to_send;  // the host's input
    uint32_t host_speed = 1;      // one in so many cycles
    unsigned waited = 0;

    Bench() {
        top.rst_ni = 0;
        top.valid_i = 0;
        for (int i = 0; i < 4; i++) cycle();
        top.rst_ni = 1;
    }
    void cycle() {
        top.tx_ready_i = random.one_in(host_speed);
        top.rx_valid_i = !to_send.empty() && random.one_in(host_speed);
        top.rx_data_i = to_send.empty() ? 0xEE : to_send.front();
        top.clk_i = 0;
        top.eval();
        if (top.rst_ni) {
            if (top.tx_valid_o && top.tx_ready_i) sent += static_cast<char>(top.tx_data_o);
            if (top.rx_valid_i && top.rx_ready_o) to_send.pop_front();
        }
        top.clk_i = 1;
        top.eval();
    }
    uint32_t access(bool we, uint32_t addr, uint32_t data, uint32_t strb) {
        top.valid_i = 1;
        top.we_i = we;
        top.addr_i = addr;
        top.wdata_i = data;
        top.strb_i = strb;
        top.clk_i = 0;
        top.eval();
        while (!top.ready_o) {
            cycle();
            waited++;
            top.clk_i = 0;
            top.eval();
        }
        const uint32_t result = top.rdata_o;
        cycle();
        top.valid_i = 0;
        return result;
    }
    void write8(uint32_t reg, uint8_t value) { access(true, reg & ~3u, value * 0x01010101u, 1u << (reg & 3)); }
    uint8_t read8(uint32_t reg) { return static_cast<uint8_t>(access(false, reg & ~3u, 0, 1u << (reg & 3)) >> (8 * (reg & 3))); }
};

}  // namespace

int main() {
    bench::Verdict verdict;
    {
        Bench b;
        b.write8(3, 0x83);
        b.write8(0, 0x12);
        b.write8(1, 0x34);
        verdict.check(b.read8(0) == 0x12 && b.read8(1) == 0x34, "divisor behind DLAB");
        b.write8(3, 0x03);
        b.write8(1, 0xFF);
        b.write8(4, 0x0B);
        b.write8(7, 0x5A);
        verdict.check(b.read8(1) == 0x0F && b.read8(3) == 0x03 && b.read8(4) == 0x0B && b.read8(7) == 0x5A, "registers keep");
        verdict.check(b.read8(5) == 0x60, "line status when idle");
        verdict.check((b.read8(6) & 0x80) != 0, "carrier while the host is there");
        verdict.check((b.read8(2) & 0xF) == 0x2, "transmitter empty is pending");
        verdict.check((b.read8(2) & 0xF) == 0x1, "and was acknowledged by reading it");
        b.write8(2, 0x01);
        verdict.check(b.read8(2) == 0xC1, "FIFOs on");
        b.to_send = {'x', 'y'};
        for (int i = 0; i < 4; i++) b.cycle();
        verdict.check((b.read8(2) & 0xF) == 0x4 && (b.read8(5) & 1) && b.top.rx_pending_o, "received data is pending");
        verdict.check(b.read8(0) == 'x' && b.read8(0) == 'y' && !(b.read8(5) & 1), "received bytes in order");
        verdict.check(b.read8(0) == 0, "an empty receiver reads as 0");
        b.to_send = {'z'};
        for (int i = 0; i < 3; i++) b.cycle();
        b.write8(2, 0x03);
        verdict.check(!(b.read8(5) & 1), "receiver reset");
        b.to_send = {'q'};
        for (int i = 0; i < 3; i++) b.cycle();
        b.top.hangup_i = 1;
        verdict.check((b.read8(6) & 0x80) != 0 && !b.top.hangup_o, "no hang-up before all is read");
        verdict.check(b.read8(0) == 'q', "the last byte");
        verdict.check((b.read8(6) & 0x80) == 0 && b.top.hangup_o, "hang-up");
    }
    for (uint32_t speed : {1u, 2u, 9u}) {
        Bench b;
        b.host_speed = speed;
        std::string out, in, got;
        for (int i = 0; i < 3000; i++) {
            if (b.random.one_in(2)) {
                const auto byte = static_cast<uint8_t>(b.random.bits());
                out += static_cast<char>(byte);
                b.write8(0, byte);
            } else {
                const uint32_t count = b.random.below(4);
                uint32_t word = count << 24;
                for (uint32_t k = 0; k < count; k++) {
                    const auto byte = static_cast<uint8_t>(b.random.bits());
                    out += static_cast<char>(byte);
                    word |= uint32_t{byte} << (8 * k);
                }
                b.access(true, UartTxpack, word, 15);
            }
            for (uint32_t k = b.random.below(3); k > 0; k--) {
                const auto byte = static_cast<uint8_t>(b.random.bits());
                in += static_cast<char>(byte);
                b.to_send.push_back(byte);
            }
            if (b.random.one_in(2)) {
                if (b.read8(5) & 1) got += static_cast<char>(b.read8(0));
            } else {
                const uint32_t word = b.access(false, UartRxpack, 0, 15);
                for (uint32_t k = 0; k < word >> 24; k++) got += static_cast<char>(word >> (8 * k));
            }
        }
        for (int i = 0; i < 400; i++) b.cycle();
        while (!b.to_send.empty() || (b.read8(5) & 1)) {
            if (b.read8(5) & 1) got += static_cast<char>(b.read8(0));
        }
        verdict.check(b.sent == out, "everything written came out, in order");
        verdict.check(got == in, "everything received was read, in order");
        verdict.check(speed == 1 || b.waited > 0, "writes waited for room");
    }
    return verdict.report();
}
