// Stand-alone bench of covert_tile: flat RAM and a few devices behind the tile bus with adjustable latency.
// It checks the bus's rules (requests held until accepted, limit of outstanding requests) and writes
// one line per RVFI event. Usage: see usage() below.
#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "Vtop.h"
#include "verilated.h"
#ifdef COVERT_TRACE
#include "verilated_vcd_c.h"
#endif

namespace {

constexpr uint32_t kRamBase = 0x80000000u;
constexpr uint32_t kUart = 0x10000000u;
constexpr uint32_t kClint = 0x02000000u;
constexpr uint32_t kExit = 0x00100000u;
constexpr uint32_t kIrqRegister = 0x0c000000u;  // bit 0: irq_m_ext_i, bit 1: irq_s_ext_i
constexpr int kErrAccess = 1;
constexpr int kExitMaxCycles = 124;
constexpr int kExitBench = 125;

void usage() {
  std::fputs(
      "tile_tb IMAGE [options]      IMAGE: ELF32 or flat (at 0x80000000)\n"
      "  --ram MIB          size of the RAM, default 4\n"
      "  --max-cycles N     stop after N cycles with exit code 124, default 10000000\n"
      "  --latency MIN[:MAX] cycles from acceptance to answer, each drawn at random, default 1\n"
      "  --ready-rand       the bus refuses requests at random\n"
      "  --seed N           of the random numbers, default 1\n"
      "  --tohost ADDR      HTIF word; default: the ELF's symbol tohost, if any\n"
      "  --boot ADDR        first pc; default: the ELF's entry\n"
      "  --rvfi FILE        TILE ORDER PC INSN MODE TRAP INTR RD RD_WDATA MEM_ADDR RMASK WMASK RDATA WDATA PC_WDATA\n"
      "  --trace FILE.vcd   waveform (built with COVERT_TRACE=1)\n"
      "Exit code: the program's; 124 cycles used up, 125 the bench's own errors (bus rules, options).\n",
      stderr);
}

[[noreturn]] void fail(const std::string& what) {
  std::fflush(stdout);
  std::fprintf(stderr, "tile_tb: %s\n", what.c_str());
  std::exit(kExitBench);
}

struct Options {
  std::string image, rvfi, trace;
  uint32_t ram_mib = 4, latency_min = 1, latency_max = 1;
  uint64_t max_cycles = 10000000, seed = 1;
  bool ready_rand = false, has_tohost = false, has_boot = false;
  uint32_t tohost = 0, boot = kRamBase;
};

Options parse(int argc, char** argv) {
  Options o;
  for (int i = 1; i < argc; i++) {
    const std::string a = argv[i];
    auto value = [&]() -> std::string {
      if (i + 1 >= argc) fail(a + " needs a value");
      return argv[++i];
    };
    auto number = [&]() -> uint64_t {
      const std::string v = value();
      char* end = nullptr;
      const uint64_t n = std::strtoull(v.c_str(), &end, 0);
      if (v.empty() || *end) fail(a + ": not a number: " + v);
      return n;
    };
    if (a == "--ram") {
      o.ram_mib = number();
    } else if (a == "--max-cycles") {
      o.max_cycles = number();
    } else if (a == "--latency") {
      const std::string v = value();
      const int n = std::sscanf(v.c_str(), "%u:%u", &o.latency_min, &o.latency_max);
      if (n == 1) o.latency_max = o.latency_min;
      if (n < 1 || o.latency_min < 1 || o.latency_max < o.latency_min) fail("--latency MIN[:MAX], at least 1");
    } else if (a == "--seed") {
      o.seed = number();
    } else if (a == "--ready-rand") {
      o.ready_rand = true;
    } else if (a == "--tohost") {
      o.tohost = number();
      o.has_tohost = true;
    } else if (a == "--boot") {
      o.boot = number();
      o.has_boot = true;
    } else if (a == "--rvfi") {
      o.rvfi = value();
    } else if (a == "--trace") {
      o.trace = value();
    } else if (a == "--help" || a == "-h") {
      usage();
      std::exit(0);
    } else if (a[0] == '-') {
      usage();
      fail("unknown option " + a);
    } else if (o.image.empty()) {
      o.image = a;
    } else {
      fail("more than one image");
    }
  }
  if (o.image.empty()) {
    usage();
    fail("no image");
  }
  return o;
}

// SplitMix64.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint32_t below(uint32_t n) {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return static_cast<uint32_t>((z ^ (z >> 31)) >> 32) % n;
  }

 private:
  uint64_t state_;
};

struct Answer {
  uint32_t data;
  int err;
};

// RAM and devices. Accesses take effect when their request is accepted.
class System {
 public:
  explicit System(const Options& o) : options_(o), ram_(static_cast<size_t>(o.ram_mib) << 18) {}

  void load() {
    FILE* f = std::fopen(options_.image.c_str(), "rb");
    if (!f) fail("cannot open " + options_.image);
    std::vector<uint8_t> image;
    uint8_t buffer[65536];
    for (size_t n; (n = std::fread(buffer, 1, sizeof buffer, f)) > 0;) image.insert(image.end(), buffer, buffer + n);
    std::fclose(f);
    if (image.size() >= 52 && std::memcmp(image.data(), "\177ELF", 4) == 0) {
      load_elf(image);
    } else {
      put(kRamBase, image.data(), image.size());
    }
  }

  uint32_t boot() const { return options_.boot; }

  Answer fetch(uint32_t addr) const {
    if (in_ram(addr)) return {ram_[(addr - kRamBase) / 4], 0};
    return {0, kErrAccess};
  }

  Answer access(uint32_t addr, bool we, uint32_t data, uint32_t strb) {
    if (in_ram(addr)) {
      uint32_t& word = ram_[(addr - kRamBase) / 4];
      const uint32_t old = word;
      if (we) {
        for (int i = 0; i < 4; i++) {
          if (strb >> i & 1) word = (word & ~(0xffu << 8 * i)) | (data & (0xffu << 8 * i));
        }
        if (options_.has_tohost && addr == options_.tohost && (word & 1)) finish(word >> 1);
      }
      return {old, 0};
    }
    switch (addr) {
      case kExit:
        if (we && (data & 0xffff) == 0x5555) finish(0);
        if (we && (data & 0xffff) == 0x3333) finish(data >> 16);
        return {0, 0};
      case kUart:
        if (we && (strb & 1)) std::putchar(data & 0xff);
        return {0, 0};
      case kUart + 4:
        return {0x6000, 0};  // LSR, byte 1: the transmitter is empty
      case kClint:
        return word(msip_, we, data & 1);
      case kClint + 0x4000:
        return half(mtimecmp_, 0, we, data);
      case kClint + 0x4004:
        return half(mtimecmp_, 32, we, data);
      case kClint + 0xbff8:
        return {static_cast<uint32_t>(mtime_), 0};
      case kClint + 0xbffc:
        return {static_cast<uint32_t>(mtime_ >> 32), 0};
      case kIrqRegister:
        return word(irq_, we, data & 3);
      default:
        return {0, kErrAccess};
    }
  }

  void tick(uint64_t cycle) { mtime_ = cycle / 5; }
  bool timer() const { return mtime_ >= mtimecmp_; }
  bool soft() const { return msip_ & 1; }
  bool m_ext() const { return irq_ & 1; }
  bool s_ext() const { return irq_ & 2; }
  bool has_tohost() const { return options_.has_tohost; }
  uint32_t tohost() const { return options_.tohost; }
  bool finished() const { return finished_; }
  int code() const { return code_; }

 private:
  static uint32_t le(const std::vector<uint8_t>& b, size_t at, int bytes) {
    if (at + bytes > b.size()) fail("the ELF file is cut off");
    uint32_t v = 0;
    for (int i = 0; i < bytes; i++) v |= static_cast<uint32_t>(b[at + i]) << 8 * i;
    return v;
  }

  void put(uint32_t addr, const uint8_t* from, size_t n) {
    if (addr < kRamBase || addr - kRamBase + n > ram_.size() * 4) fail("the image does not fit the RAM");
    std::memcpy(reinterpret_cast<uint8_t*>(ram_.data()) + (addr - kRamBase), from, n);
  }

  void load_elf(const std::vector<uint8_t>& b) {
    if (b[4] != 1 || b[5] != 1 || le(b, 18, 2) != 243) fail("not a 32-bit RISC-V ELF file");
    if (!options_.has_boot) options_.boot = le(b, 24, 4);
    const uint32_t phoff = le(b, 28, 4), shoff = le(b, 32, 4);
    for (uint32_t i = 0; i < le(b, 44, 2); i++) {
      const size_t ph = phoff + i * le(b, 42, 2);
      const uint32_t offset = le(b, ph + 4, 4), paddr = le(b, ph + 12, 4), size = le(b, ph + 16, 4);
      if (le(b, ph, 4) != 1 || size == 0) continue;
      if (static_cast<size_t>(offset) + size > b.size()) fail("the ELF file is cut off");
      put(paddr, b.data() + offset, size);
    }
    for (uint32_t i = 0; i < le(b, 48, 2) && !options_.has_tohost; i++) {
      const size_t sh = shoff + i * le(b, 46, 2);
      if (le(b, sh + 4, 4) != 2) continue;  // SHT_SYMTAB
      const uint32_t offset = le(b, sh + 16, 4), size = le(b, sh + 20, 4);
      const uint32_t names = le(b, shoff + le(b, sh + 24, 4) * le(b, 46, 2) + 16, 4);
      for (uint32_t at = offset; at + 16 <= offset + size; at += 16) {
        const size_t name = names + le(b, at, 4);
        if (name + 7 <= b.size() && std::memcmp(b.data() + name, "tohost", 7) == 0) {
          options_.tohost = le(b, at + 4, 4);
          options_.has_tohost = true;
        }
      }
    }
  }

  bool in_ram(uint32_t addr) const { return addr >= kRamBase && (addr - kRamBase) / 4 < ram_.size(); }

  static Answer word(uint32_t& reg, bool we, uint32_t data) {
    const uint32_t old = reg;
    if (we) reg = data;
    return {old, 0};
  }

  static Answer half(uint64_t& reg, int shift, bool we, uint32_t data) {
    const uint32_t old = static_cast<uint32_t>(reg >> shift);
    if (we) reg = (reg & ~(uint64_t{0xffffffff} << shift)) | uint64_t{data} << shift;
    return {old, 0};
  }

  void finish(uint32_t code) {
    finished_ = true;
    code_ = static_cast<int>(code & 0xff);
    if (code != 0 && code_ == 0) code_ = 1;
  }

  Options options_;
  std::vector<uint32_t> ram_;
  uint64_t mtime_ = 0, mtimecmp_ = ~uint64_t{0};
  uint32_t msip_ = 0, irq_ = 0;
  bool finished_ = false;
  int code_ = 0;
};

// The bus's answers on their way, and the check of its rules.
class Bus {
 public:
  Bus(const Options& o, size_t limit) : options_(o), random_(o.seed), limit_(limit) {}

  bool draw_ready() { return ready_ = !options_.ready_rand || random_.below(3) != 0; }

  // The answer due in this cycle, if any; it leaves the queue.
  bool answer(uint64_t cycle, Answer& a) {
    if (queue_.empty() || queue_.front().first > cycle) return false;
    a = queue_.front().second;
    queue_.pop_front();
    return true;
  }

  // What the bus shows in this cycle; true if a request is accepted.
  bool request(uint64_t cycle, bool valid, const std::array<uint32_t, 7>& values) {
    if (waiting_ && (!valid || values != held_)) fail_at(cycle, "a request was changed before it was accepted");
    waiting_ = valid && !ready_;
    if (waiting_) held_ = values;
    return valid && ready_;
  }

  void accept(uint64_t cycle, Answer a) {
    const uint32_t latency = options_.latency_min + random_.below(options_.latency_max - options_.latency_min + 1);
    last_ = std::max(last_ + 1, cycle + latency);
    queue_.emplace_back(last_, a);
    if (queue_.size() > limit_) fail_at(cycle, "too many requests outstanding");
  }

 private:
  [[noreturn]] void fail_at(uint64_t cycle, const char* what) {
    fail(std::string("tile bus, cycle ") + std::to_string(cycle) + ": " + what);
  }

  const Options& options_;
  Random random_;
  size_t limit_;
  bool ready_ = false, waiting_ = false;
  std::array<uint32_t, 7> held_{};
  uint64_t last_ = 0;
  std::deque<std::pair<uint64_t, Answer>> queue_;
};

class RvfiLog {
 public:
  explicit RvfiLog(const std::string& path) {
    if (path.empty()) return;
    file_ = std::fopen(path.c_str(), "w");
    if (!file_) fail("cannot write " + path);
    std::setvbuf(file_, nullptr, _IOFBF, 1 << 20);
  }
  ~RvfiLog() {
    if (file_) std::fclose(file_);
  }
  void event(const Vtop& t) {
    if (!file_) return;
    std::fprintf(file_, "0 %" PRIu64 " %x %x %x %x %x %x %x %x %x %x %x %x %x\n", static_cast<uint64_t>(t.rvfi_order_o),
                 t.rvfi_pc_rdata_o, t.rvfi_insn_o, t.rvfi_mode_o, t.rvfi_trap_o, t.rvfi_intr_o, t.rvfi_rd_addr_o, t.rvfi_rd_wdata_o,
                 t.rvfi_mem_addr_o, t.rvfi_mem_rmask_o, t.rvfi_mem_wmask_o, t.rvfi_mem_rdata_o, t.rvfi_mem_wdata_o,
                 t.rvfi_pc_wdata_o);
  }

 private:
  FILE* file_ = nullptr;
};

int run(const Options& options) {
  System system(options);
  system.load();
  auto context = std::make_unique<VerilatedContext>();
  auto top = std::make_unique<Vtop>(context.get());
  Bus bus(options, 16);
  RvfiLog log(options.rvfi);
#ifdef COVERT_TRACE
  std::unique_ptr<VerilatedVcdC> vcd;
  if (!options.trace.empty()) {
    context->traceEverOn(true);
    vcd = std::make_unique<VerilatedVcdC>();
    top->trace(vcd.get(), 99);
    vcd->open(options.trace.c_str());
  }
#else
  if (!options.trace.empty()) fail("built without COVERT_TRACE=1");
#endif

  constexpr uint64_t kResetCycles = 4;
  uint64_t cycle = 0, retired = 0;
  top->boot_addr_i = system.boot();
  top->host_sync_i = 0;
  top->host_page_on_i = system.has_tohost();
  top->host_page_i = system.tohost() >> 12;
  for (; cycle < options.max_cycles + kResetCycles && !system.finished(); cycle++) {
    const bool in_reset = cycle < kResetCycles;
    system.tick(cycle);
    top->rst_ni = !in_reset;
    top->irq_timer_i = system.timer();
    top->irq_soft_i = system.soft();
    top->irq_ext_i = system.m_ext();
    top->irq_s_ext_i = system.s_ext();

    Answer a{0, 0};
    top->req_ready_i = bus.draw_ready();
    top->rsp_valid_i = bus.answer(cycle, a);
    top->rsp_data_i = a.data;
    top->rsp_err_i = a.err;

    top->clk_i = 0;
    top->eval();
    if (!in_reset && bus.request(cycle, top->req_valid_o,
                                 {top->req_addr_o, top->req_we_o, top->req_wdata_o, top->req_wstrb_o, top->req_priv_o,
                                  top->req_instr_o, top->req_more_o})) {
      bus.accept(cycle, top->req_instr_o ? system.fetch(top->req_addr_o)
                                         : system.access(top->req_addr_o, top->req_we_o, top->req_wdata_o, top->req_wstrb_o));
    }
#ifdef COVERT_TRACE
    if (vcd) vcd->dump(2 * cycle);
#endif
    top->clk_i = 1;
    top->eval();
#ifdef COVERT_TRACE
    if (vcd) vcd->dump(2 * cycle + 1);
#endif
    if (top->rvfi_valid_o) {
      if (!top->rvfi_trap_o) retired++;
      log.event(*top);
    }
  }
  std::fflush(stdout);
  cycle -= std::min(cycle, kResetCycles);
  std::fprintf(stderr, "cycles %" PRIu64 ", retired %" PRIu64 ", CPI %.3f\n", cycle, retired,
               retired ? static_cast<double>(cycle) / static_cast<double>(retired) : 0.0);
  if (!system.finished()) {
    std::fprintf(stderr, "tile_tb: stopped after %" PRIu64 " cycles at pc %x\n", cycle, top->rvfi_pc_rdata_o);
    return kExitMaxCycles;
  }
  return system.code();
}

}  // namespace

int main(int argc, char** argv) { return run(parse(argc, argv)); }
