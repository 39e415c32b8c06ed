// Runs a bare program on two VexRiscv cores, each with memory of its own:
//
//   pair PROGRAM.elf [--memory sdram|CYCLES] [--max-cycles N] [--alone]
//
// --alone: nothing answers core 1, so that it stands at its first instruction.
// Prints the console of core 0; the last line on stderr is JSON: cycles, instructions of each core, whether the
// program ended. Exit code: 0 ended well or out of cycles, 1 the program failed or the cores disagree, 2 wrong
// usage or bad input.
#include <elf.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "Vpair.h"
#include "Vpair___024root.h"
#include "node.h"
#include "verilated.h"

bool Vpair___024root___eval_phase__ico(Vpair___024root*);
bool Vpair___024root___eval_phase__act(Vpair___024root*);
bool Vpair___024root___eval_phase__nba(Vpair___024root*);

namespace {

constexpr unsigned Cores = 2;
constexpr unsigned ResetCycles = 8;
constexpr uint32_t ExitWell = 0x5555;

struct Options {
    std::string program;
    uint32_t latency = 0;  // 0: SDRAM
    uint64_t max_cycles = UINT64_MAX;
    unsigned active = Cores;  // cores that run
};

uint64_t number(const char* text, uint64_t least, uint64_t most) {
    char* end = nullptr;
    const uint64_t value = std::strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != 0 || value < least || value > most)
        throw std::invalid_argument{std::string{"not a number in range: "} + text};
    return value;
}

Options parse(int count, char** words) {
    Options options;
    for (int i = 1; i < count; ++i) {
        const std::string word = words[i];
        if (word.rfind("--", 0) != 0 && options.program.empty()) {
            options.program = word;
        } else if (word == "--memory" && i + 1 < count) {
            const std::string memory = words[++i];
            options.latency = memory == "sdram" ? 0 : static_cast<uint32_t>(number(words[i], 1, 10000));
        } else if (word == "--alone") {
            options.active = 1;
        } else if (word == "--max-cycles" && i + 1 < count) {
            options.max_cycles = number(words[++i], 1, UINT64_MAX);
        } else {
            throw std::invalid_argument{"usage: pair PROGRAM.elf [--memory sdram|CYCLES] [--max-cycles N] [--alone]"};
        }
    }
    if (options.program.empty()) throw std::invalid_argument{"no program named"};
    return options;
}

/// The bytes of a file, and what its headers say.
class Program {
public:
    explicit Program(const std::string& name) {
        std::ifstream file{name, std::ios::binary};
        if (!file) throw std::invalid_argument{"cannot read " + name};
        bytes_.assign(std::istreambuf_iterator<char>{file}, {});
        read(header_, 0);
        if (std::memcmp(header_.e_ident, ELFMAG, SELFMAG) != 0 || header_.e_ident[EI_CLASS] != ELFCLASS32 ||
            header_.e_machine != EM_RISCV)
            throw std::invalid_argument{name + " is no 32-bit RISC-V program"};
    }
    uint32_t entry() const { return header_.e_entry; }
    void load(covert::Memory& memory, uint32_t base) const {
        for (unsigned i = 0; i < header_.e_phnum; ++i) {
            Elf32_Phdr segment;
            read(segment, header_.e_phoff + i * sizeof segment);
            if (segment.p_type != PT_LOAD || segment.p_filesz == 0) continue;
            const uint64_t at = segment.p_paddr - base;
            if (segment.p_paddr < base || at + segment.p_memsz > memory.size() ||
                segment.p_offset + uint64_t{segment.p_filesz} > bytes_.size())
                throw std::invalid_argument{"a segment lies outside RAM or file"};
            std::memcpy(memory.data() + at, bytes_.data() + segment.p_offset, segment.p_filesz);
        }
    }

private:
    template <class Header>
    void read(Header& header, std::size_t at) const {
        if (at + sizeof header > bytes_.size()) throw std::invalid_argument{"the program is cut short"};
        std::memcpy(&header, bytes_.data() + at, sizeof header);
    }
    std::vector<char> bytes_;
    Elf32_Ehdr header_{};
};

class Pair {
public:
    using Channels = bench::Channels<Cores>;
    using Node = bench::Node<Channels>;

    Pair(const Program& program, uint32_t latency, unsigned active) : active_{active}, channels_{latency} {
        for (unsigned i = 0; i < Cores; ++i) {
            nodes_[i] = std::make_unique<Node>(channels_, i);
            program.load(nodes_[i]->memory(), Node::RamBase);
        }
        model_.reset_vector_i = program.entry();
        model_.rst_i = 1;
        for (unsigned i = 0; i < ResetCycles; ++i) clock();
        model_.rst_i = 0;
        clock();
    }
    ~Pair() { model_.final(); }

    void run(uint64_t until) {
        while (cycle_ < until && !ended()) tick();
    }
    /// Whether the program has ended on every core that runs.
    bool ended() const {
        for (unsigned i = 0; i < active_; ++i) {
            if (!nodes_[i]->ended()) return false;
        }
        return true;
    }
    uint64_t cycle() const { return cycle_; }
    uint32_t retired(unsigned core) const { return model_.retired_o[core]; }
    const Node& node(unsigned core) const { return *nodes_[core]; }

private:
    void clock() {
        edge(false);
        edge(true);
        begun_ = true;
    }
    // As COVERT's simulator does: Verilator's eval() sets up at the first call; later on its regions are evaluated once for
    // each edge, since no clock hangs on a register.
    void edge(bool clk) {
        model_.clk_i = clk;
        if (!begun_) {
            model_.eval();
            return;
        }
        auto* root = model_.rootp;
        root->__VicoFirstIteration = 1;
        Vpair___024root___eval_phase__ico(root);
        root->__VicoFirstIteration = 0;
        Vpair___024root___eval_phase__act(root);
        if (clk) Vpair___024root___eval_phase__nba(root);
    }
    void tick() {
        for (unsigned i = 0; i < active_; ++i) {
            bench::Request fetch, access;
            fetch.strobe = model_.ibus_stb_o[i] != 0;
            fetch.burst = true;
            fetch.address = model_.ibus_addr_o[i] << 2;
            access.strobe = model_.dbus_stb_o[i] != 0;
            access.write = model_.dbus_we_o[i] != 0;
            access.burst = model_.dbus_cti_o[i] != 0;
            access.address = model_.dbus_addr_o[i] << 2;
            access.data = model_.dbus_data_o[i];
            access.select = model_.dbus_sel_o[i];
            bench::Reply fetched, accessed;
            nodes_[i]->cycle(cycle_, model_.retired_o[i], fetch, access, fetched, accessed);
            model_.ibus_ack_i[i] = fetched.ack;
            model_.ibus_data_i[i] = fetched.data;
            model_.dbus_ack_i[i] = accessed.ack;
            model_.dbus_data_i[i] = accessed.data;
        }
        channels_.advance(cycle_);
        clock();
        ++cycle_;
    }

    static std::unique_ptr<VerilatedContext> single_thread() {
        auto context = std::make_unique<VerilatedContext>();
        context->threads(1);
        return context;
    }

    std::unique_ptr<VerilatedContext> context_ = single_thread();
    Vpair model_{context_.get()};
    bool begun_ = false;
    unsigned active_;
    Channels channels_;
    std::unique_ptr<Node> nodes_[Cores];
    uint64_t cycle_ = 0;
};

/// Of each whole line the first three words: kernel, checksum, rounds.
std::string results(const std::string& console) {
    std::string kept;
    unsigned words = 0;
    for (const char letter : console.substr(0, console.rfind('\n') + 1)) {
        if (letter == '\n') words = 0;
        if (letter == ' ') ++words;
        if (words < 3) kept += letter;
    }
    return kept;
}

int run(const Options& options) {
    Pair pair{Program{options.program}, options.latency, options.active};
    pair.run(options.max_cycles);
    std::fputs(pair.node(0).console().c_str(), stdout);
    std::fflush(stdout);
    std::fprintf(stderr, "{\"cycles\": %" PRIu64 ", \"instructions\": [%" PRIu32 ", %" PRIu32 "], \"ended\": %s}\n",
                 pair.cycle(), pair.retired(0), pair.retired(1), pair.ended() ? "true" : "false");
    // One may be ahead of the other, and counts other cycles.
    const std::string first = results(pair.node(0).console());
    for (unsigned i = 0; i < options.active; ++i) {
        const std::string other = results(pair.node(i).console());
        const std::size_t common = std::min(first.size(), other.size());
        if (first.compare(0, common, other, 0, common) != 0) throw std::runtime_error{"the cores disagree"};
        if (pair.node(i).ended() && pair.node(i).exit_word() != ExitWell) return 1;
    }
    return 0;
}

}  // namespace

int main(int count, char** words) {
    try {
        return run(parse(count, words));
    } catch (const std::invalid_argument& error) {
        std::fprintf(stderr, "pair: %s\n", error.what());
        return 2;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "pair: %s\n", error.what());
        return 1;
    }
}
