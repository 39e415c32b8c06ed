// The inner loop: clock, memory channels, console, disk, network, events, waveform, over one Verilated model.
//
// Between two calls the chip rests just behind a rising clock edge: `cycle()` has begun, its outputs
// stand, nothing of it has been taken yet. A flip made there is a flip in that cycle.
//
// Idle skip: while the group waits in the barrier and nothing else goes on, the only thing that changes is the time. Cycles
// up to shortly before the deadline, the next event of a device or the end of the run are then left out, and the chip
// is told by how much its clock is to go on. Only whole ticks are left out, and in the build for faults only where
// a whole tick was seen to change nothing else, whatever a flip may have set going.
#pragma once

#include <sys/types.h>

#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "chip.h"
#include "covert-model/src/ffi.rs.h"
#include "devices.h"
#include "htif.h"
#include "memory.h"
#include "ports.h"
#include "rvfi.h"
#include "sdram.h"
#include "state.h"
#include "verilated.h"
#include "verilated_fst_c.h"

namespace covert {

// Reasons to stop, as Chip::run returns them.
constexpr uint32_t StopExit = 1;
constexpr uint32_t StopDue = 2;
constexpr uint32_t StopHtif = 4;
constexpr uint32_t StopHost = 8;  // not an end
constexpr uint32_t StopRetired = 16;  // neither

// Kinds of Event; src/chip.rs has the same numbers.
enum EventKind : uint32_t {
    EventDetection = 0,   // a: kind, b: accused tiles
    EventCheckpoint = 1,
    EventResume = 2,
    EventMembers = 3,     // a: members
    EventBadAddress = 4,  // a: channel, b: address: a request for memory that does not exist
};

/// `Wrapped` names the Verilated class, its number of tiles, how to evaluate it at the clock's edges and to settle it, and
/// whether it is the build for faults.
template <class Wrapped>
class ChipModel final : public Chip {
    using Model = typename Wrapped::Model;
    static constexpr unsigned Tiles = Wrapped::Tiles;
    static constexpr unsigned Channels = Tiles + 1;

public:
    explicit ChipModel(const Setup& setup)
        : context_{std::make_unique<VerilatedContext>()}, memory_{setup.memory_bytes}, sdram_on_{setup.sdram},
          io_region_{setup.io_region}, io_bytes_{setup.io_bytes}, random_{setup.seed}, skip_on_{setup.idle_skip},
          bare_{setup.bare} {
        // No worker threads: a process that forks must have one thread.
        context_->threads(1);
        context_->traceEverOn(Wrapped::Fault);
        model_ = std::make_unique<Model>(context_.get(), "TOP");
        for (unsigned i = 0; i < Channels; ++i)
            channels_[i].configure(setup.latency_min, setup.latency_max, setup.seed + i);
        model_->bare_i = setup.bare;
        model_->boot_addr_i = setup.boot_address;
        model_->host_page_on_i = setup.host_page_on;
        model_->host_page_i = setup.host_page;
        model_->host_sync_i = 0;
        model_->mode_req_i = 0;
        model_->mem_req_ready_i = ready_;
        model_->mem_rsp_valid_i = 0;
        model_->uart_rx_valid_i = 0;
        model_->uart_hangup_i = 0;
        model_->blk_done_i = 0;
        model_->blk_failed_i = 0;
        model_->net_tx_taken_i = 0;
        model_->net_rx_done_i = 0;
        model_->net_rx_tag_i = 0;
        model_->net_rx_len_i = 0;
        model_->random_valid_i = 0;
        model_->skip_i = 0;
        set_disk(0, false);
        model_->net_present_i = 0;
        model_->net_mac_i = 0;
        model_->rst_ni = 0;
        for (unsigned i = 0; i < ResetCycles; ++i) clock();
        model_->rst_ni = 1;
        // The wrapper's flip-flop takes it; the first rising edge out of reset begins cycle 0.
        clock();
        clock();
        state_ = std::make_unique<State>(*context_);
    }
    ~ChipModel() override {
        enter();
        close_trace();
        model_->final();
        model_.reset();
        Verilated::threadContextp(nullptr);
    }

    uint32_t run(uint64_t until) override {
        enter();
        while (cycle_ < until && stop_ == 0 && !host_wanted()) {
            if (quiet_ < Settled || !skip(until)) tick();
        }
        return reasons();
    }
    uint32_t run_to_instruction(uint64_t until) override {
        if (!Wrapped::Fault) throw std::logic_error{"the fast model shows no instructions"};
        enter();
        if (irq_leaves_[0][0] == nullptr) find_irq_leaves();
        bool retired = false;
        // What is left out retires nothing: all members wait.
        while (cycle_ < until && stop_ == 0 && !host_wanted() && !retired) {
            interrupted_ = takes_interrupt();
            if (quiet_ < Settled || !skip(until)) tick();
            retired = interrupted_ || shows_instruction();
        }
        const uint32_t stop = reasons();
        return retired && (stop & ~StopHost) == 0 ? stop | StopRetired : stop;
    }
    InstructionSeen instruction() const override {
        InstructionSeen seen{};
        if constexpr (Wrapped::Fault) {
            const unsigned i = lowest_member();
            seen.tile = i;
            seen.interrupt = interrupted_;
            seen.pc = lane32(model_->rvfi_pc_rdata_o, i);
            seen.insn = lane32(model_->rvfi_insn_o, i);
            seen.mode = model_->rvfi_mode_o >> (2 * i) & 3U;
            seen.trap = (model_->rvfi_trap_o >> i & 1U) != 0;
            seen.rd = model_->rvfi_rd_addr_o >> (5 * i) & 31U;
            seen.rd_value = lane32(model_->rvfi_rd_wdata_o, i);
            seen.address = lane32(model_->rvfi_mem_addr_o, i);
            seen.read_mask = model_->rvfi_mem_rmask_o >> (4 * i) & 0xfU;
            seen.write_mask = model_->rvfi_mem_wmask_o >> (4 * i) & 0xfU;
            seen.written = lane32(model_->rvfi_mem_wdata_o, i);
            seen.next_pc = lane32(model_->rvfi_pc_wdata_o, i);
        }
        return seen;
    }
    uint64_t cycle() const override { return ended_ ? end_cycle_ : cycle_; }
    uint32_t exit_code() const override { return exit_code_; }
    Counters counters() const override {
        Counters sums{};
        sums.epochs = epochs_;
        sums.checkpoints = checkpoints_;
        sums.busy_cycles = busy_cycles_;
        sums.members = model_->members_o;
        for (unsigned i = 0; i < Tiles; ++i) {
            sums.instructions[i] = lane64(model_->retired_o, i);
            for (unsigned what = 0; what < Spent; ++what) sums.spent[i * Spent + what] = spent_[i][what];
        }
        return sums;
    }
    rust::Vec<Event> take_events() override {
        rust::Vec<Event> taken;
        for (const Event& event : events_) taken.push_back(event);
        events_.clear();
        return taken;
    }

    void set_mode(uint32_t mode) override {
        model_->mode_req_i = mode & 7U;
        quiet_ = 0;
    }
    void set_htif(uint32_t tohost, uint32_t fromhost) override { htif_.configure(tohost, fromhost); }

    void feed_console(rust::Slice<const uint8_t> bytes) override {
        if (input_next_ == input_.size()) {
            input_.clear();
            input_next_ = 0;
        }
        input_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        quiet_ = 0;
    }
    void close_console() override {
        input_closed_ = true;
        quiet_ = 0;
    }
    std::size_t console_backlog() const override { return input_.size() - input_next_; }
    rust::Slice<const uint8_t> console() const override { return view(console_); }
    void clear_console() override { console_.clear(); }

    void set_disk(uint64_t sectors, bool read_only) override {
        disk_.set_disk(sectors, read_only);
        model_->blk_capacity_i = sectors;
        model_->blk_read_only_i = read_only;
        quiet_ = 0;
    }
    void set_network(uint64_t mac) override {
        model_->net_mac_i = mac & 0xffffffffffffULL;
        model_->net_present_i = 1;
        quiet_ = 0;
    }
    bool block_pending() const override { return disk_.pending(); }
    BlockCommandSeen block_command() const override {
        const BlockCommand& command = disk_.command();
        return {command.op, command.sector, command.count, command.offset, disk_.started()};
    }
    void complete_block(bool failed, uint64_t at_cycle) override {
        disk_.complete(failed, at_cycle > cycle_ ? at_cycle : cycle_ + 1);
    }
    std::size_t frames_sent() const override { return network_.frames_sent(); }
    rust::Vec<uint8_t> take_frame() override {
        rust::Vec<uint8_t> bytes;
        for (const char byte : network_.take_sent()) bytes.push_back(static_cast<uint8_t>(byte));
        return bytes;
    }
    bool offer_frame(rust::Slice<const uint8_t> frame) override {
        return network_.offer({reinterpret_cast<const char*>(frame.data()), frame.size()}, cycle_);
    }

    uint64_t skipped_cycles() const override { return skipped_; }
    ChannelCounters channel_counters(uint32_t channel) const override {
        if (channel >= Channels) throw std::out_of_range{"no such channel"};
        const ChannelSums& sums = sdram_.sums(channel);
        return {words_[channel], sums.bursts, sums.waited};
    }
    std::size_t memory_size() const override { return memory_.size(); }
    void read_memory(uint32_t address, rust::Slice<uint8_t> into) const override {
        check_range(address, into.size());
        std::memcpy(into.data(), memory_.data() + address, into.size());
    }
    void write_memory(uint32_t address, rust::Slice<const uint8_t> bytes) override {
        check_range(address, bytes.size());
        // Word by word where changes are tracked; the digest must see every one of them.
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            const uint32_t at = address + static_cast<uint32_t>(i);
            memory_.store(at, static_cast<uint32_t>(bytes[i]) << (8 * (at & 3U)), 1U << (at & 3U));
        }
    }

    rust::Vec<Variable> variables() const override {
        rust::Vec<Variable> list;
        for (const StateVariable& variable : state_->variables())
            list.push_back({rust::String{variable.path}, variable.width, variable.words});
        return list;
    }
    bool bit(uint32_t variable, uint32_t word, uint32_t bit) const override { return state_->bit(variable, word, bit); }
    std::array<uint32_t, 4> word(uint32_t variable, uint32_t word) const override { return state_->word(variable, word); }
    void flip(uint32_t variable, uint32_t word, uint32_t bit) override {
        enter();
        quiet_ = 0;
        state_->flip(variable, word, bit);
        settle();
    }
    void force(uint32_t variable, uint32_t word, uint32_t bit, bool value) override {
        enter();
        state_->force(variable, word, bit, value);
        if (state_->apply_forces()) settle();
    }
    void track_changes() override { memory_.track_changes(); }
    rust::Vec<uint32_t> differing(const Chip& other) const override {
        const auto* same = dynamic_cast<const ChipModel*>(&other);
        if (same == nullptr) throw std::logic_error{"chips of two kinds"};
        return list(state_->differing(*same->state_));
    }
    void keep_written() override { memory_.keep_written(); }
    rust::Vec<uint32_t> take_written() override { return list(memory_.take_written()); }
    std::array<uint64_t, 2> digest() const override {
        Digest sum = memory_.changes();
        state_->digest(sum);
        for (unsigned i = 0; i < Channels; ++i) {
            channels_[i].digest(sum, cycle_);
            // What the wrapper's input registers hold.
            const bool valid = (model_->mem_rsp_valid_i >> i & 1U) != 0;
            sum.add(valid ? 1ULL << 32 | lane32(model_->mem_rsp_data_i, i) : 0);
        }
        if (sdram_on_) sdram_.digest(sum, cycle_);
        disk_.digest(sum);
        network_.digest(sum);
        random_.digest(sum);
        sum.add(static_cast<uint64_t>(model_->blk_done_i) << 3 | static_cast<uint64_t>(model_->net_tx_taken_i) << 2
                | static_cast<uint64_t>(model_->net_rx_done_i) << 1 | static_cast<uint64_t>(model_->random_valid_i));
        // What goes with those.
        if (model_->blk_done_i) sum.add(model_->blk_failed_i);
        if (model_->net_rx_done_i)
            sum.add(static_cast<uint64_t>(model_->net_rx_len_i) << 1 | static_cast<uint64_t>(model_->net_rx_tag_i));
        if (model_->random_valid_i) sum.add(model_->random_data_i);
        sum.add(static_cast<uint64_t>(model_->uart_rx_valid_i) << 2 | static_cast<uint64_t>(model_->uart_hangup_i) << 1
                | static_cast<uint64_t>(model_->host_sync_i));
        if (model_->uart_rx_valid_i) sum.add(model_->uart_rx_data_i);
        htif_.digest(sum);
        sum.add(ready_);
        sum.add(model_->mode_req_i);
        sum.add(input_next_);
        return {sum.low, sum.high};
    }

    void record_instructions(bool on) override {
        if (on && !Wrapped::Fault) throw std::logic_error{"the fast model records no instructions"};
        recording_ = on;
    }
    rust::Slice<const uint8_t> instructions() const override { return view(instructions_); }
    void clear_instructions() override { instructions_.clear(); }

    void open_trace(rust::Str path) override {
        if constexpr (Wrapped::Fault) {
            enter();
            close_trace();
            trace_ = std::make_unique<VerilatedFstC>();
            model_->trace(trace_.get(), 99);
            trace_->open(std::string{path}.c_str());
            if (!trace_->isOpen()) {
                trace_.reset();
                throw std::runtime_error{"cannot write the waveform"};
            }
            trace_->dump(HalfPeriod * 2 * cycle_);
        } else {
            (void)path;
            throw std::logic_error{"the fast model draws no waveform"};
        }
    }
    void close_trace() override {
        if (trace_) {
            trace_->close();
            trace_.reset();
        }
    }

private:
    static constexpr unsigned ResetCycles = 8;
    static constexpr unsigned DrainCycles = 32;
    // A data cache of four ways, all dirty, at a slow memory.
    static constexpr unsigned SyncCycles = 200000;
    static constexpr uint32_t StateIdle = 0;
    static constexpr uint32_t StatePowerOn = 6;
    static constexpr uint32_t CyclesPerTick = 5;
    // Cycles without anything happening after which the pipelines are empty; ticks that are run before the
    // deadline; least number of ticks that is worth leaving out.
    static constexpr uint32_t Settled = 32;
    static constexpr uint64_t TicksBefore = 4;
    static constexpr uint64_t WorthSkipping = 16;
    // Of the nominal 50 MHz clock, in the models' time unit of a picosecond.
    static constexpr uint64_t HalfPeriod = 10000;

    // Verilator's runtime keeps a pointer to the context in use per thread; there may be other chips.
    void enter() { Verilated::threadContextp(context_.get()); }

    // Has tile 0's data cache written back, for at most as long as that can take.
    void sync_memory() {
        model_->host_sync_i = 1;
        for (unsigned i = 0; i < SyncCycles && !model_->host_synced_o; ++i) tick();
        model_->host_sync_i = 0;
    }

    void clock() {
        model_->clk_i = 0;
        model_->eval();
        model_->clk_i = 1;
        model_->eval();
    }

    // One edge of the clock. Verilator's eval() would do more around it, for a tenth of a cycle's time: messages of the
    // model, the waveform's activity, and a second look for edges, of which there are none: clocks hang on the input and on
    // latches that are closed while it is high, and a register that is changed from outside is settled. The first
    // evaluations are those of the constructor.
    void edge(bool clk) {
        model_->clk_i = clk;
        if (Wrapped::Fault && trace_)
            model_->eval();
        else if (clk)
            Wrapped::rise(*model_);
        else
            Wrapped::fall(*model_);
    }

    // Brings the combinational logic up to date after a register was changed from outside: Verilator's
    // settle region computes all of it, and the eval behind it sees edges of clocks and resets that
    // registers drive.
    void settle() {
        Wrapped::settle(*model_);
        model_->eval();
    }

    // Takes what cycle `cycle_` shows, drives the inputs of the next, and clocks.
    void tick() {
        const uint64_t next = cycle_ + 1;
        const bool still = model_->wait_o && !model_->uart_tx_valid_o && model_->mem_req_valid_o == 0;
        quiet_ = still ? quiet_ + 1 : 0;
        take_requests();
        if (sdram_on_) {
            sdram_.advance(cycle_, [this](unsigned channel, uint64_t due, uint32_t data) {
                channels_[channel].respond(due, data);
            });
        }
        uint32_t valid = 0;
        uint32_t ready = 0;
        for (unsigned i = 0; i < Channels; ++i) {
            if (channels_[i].responds(next)) {
                valid |= 1U << i;
                set_lane32(model_->mem_rsp_data_i, i, channels_[i].take());
            }
            ready |= static_cast<uint32_t>(channels_[i].draw_ready()) << i;
        }
        model_->mem_rsp_valid_i = valid;
        model_->mem_req_ready_i = ready_ = ready;
        serve_console();
        serve_devices(next);
        observe();
        // The host sees memory, not the cache: what the program wrote is brought there first.
        if (htif_.due(cycle_)) {
            if (model_->host_synced_o && model_->host_sync_i) {
                model_->host_sync_i = 0;
                if (htif_.serve(memory_, console_)) {
                    exit_code_ = htif_.exit_code();
                    stop_ |= StopHtif;
                }
            } else {
                model_->host_sync_i = 1;
            }
        }
        if constexpr (Wrapped::Fault) {
            if (recording_) record_cycle(*model_, Tiles, instructions_);
        }

        edge(false);
        if constexpr (Wrapped::Fault) {
            if (trace_) trace_->dump(HalfPeriod * (2 * cycle_ + 1));
        }
        edge(true);
        if (state_->forced() && state_->apply_forces()) settle();
        cycle_ = next;
        if constexpr (Wrapped::Fault) {
            if (trace_) trace_->dump(HalfPeriod * 2 * cycle_);
        }
    }

    // Why it stops here, 0 if for nothing; an end is seen to.
    uint32_t reasons() {
        if (stop_ != 0 && !ended_) {
            // What the console's transmit FIFO still holds was released before the end.
            ended_ = true;
            end_cycle_ = cycle_;
            for (unsigned i = 0; i < DrainCycles; ++i) tick();
            // Whoever looks at memory now finds what the program wrote.
            if (bare_) sync_memory();
        }
        return stop_ != 0 ? stop_ : host_wanted() ? StopHost : 0;
    }

    unsigned lowest_member() const {
        for (unsigned i = 0; i < Tiles; ++i) {
            if ((model_->members_o >> i & 1U) != 0) return i;
        }
        return 0;
    }
    bool shows_instruction() const {
        if constexpr (Wrapped::Fault) return (model_->rvfi_valid_o >> lowest_member() & 1U) != 0;
        return false;
    }
    // An interrupt retires no instruction: it is seen in the last stage, as the trap that goes into effect behind this cycle.
    bool takes_interrupt() const {
        const auto& flags = irq_leaves_[lowest_member()];
        return *flags[0] != 0 && *flags[1] != 0 && *flags[2] != 0;
    }
    void find_irq_leaves() {
        static constexpr std::array<const char*, 3> Names{"r_valid_q", "r_trap_q", "r_trap_irq_q"};
        for (unsigned i = 0; i < Tiles; ++i) {
            const std::string core = "covert_sim.u_chip.gen_tile[" + std::to_string(i) + "].u_tile.u_core.";
            for (unsigned k = 0; k < Names.size(); ++k) irq_leaves_[i][k] = state_->data(core + Names[k]);
        }
    }

    // A block command or a sent frame waits for the host.
    bool host_wanted() const { return disk_.pending() || network_.frames_sent() != 0; }

    void take_requests() {
        const uint32_t valid = model_->mem_req_valid_o & ready_;
        if (valid == 0) return;
        const uint32_t write = valid & model_->mem_req_we_o;
        // Writes first: one is visible to every channel in the cycle it is accepted.
        if (write != 0) {
            for (unsigned i = 0; i < Channels; ++i) {
                if ((write >> i & 1U) == 0) continue;
                const uint32_t address = lane32(model_->mem_req_addr_o, i);
                const uint32_t strobes = model_->mem_req_wstrb_o >> (4 * i) & 0xfU;
                if (memory_.store(address, lane32(model_->mem_req_wdata_o, i), strobes)) {
                    htif_.wrote(address, cycle_);
                } else {
                    events_.push_back({cycle_, EventBadAddress, i, address});
                }
                accept(i, address, true, 0);
            }
        }
        for (unsigned i = 0; i < Channels; ++i) {
            if (((valid & ~write) >> i & 1U) == 0) continue;
            const uint32_t address = lane32(model_->mem_req_addr_o, i);
            if (address >= memory_.size()) events_.push_back({cycle_, EventBadAddress, i, address});
            accept(i, address, false, memory_.load(address));
        }
    }
    void accept(unsigned channel, uint32_t address, bool write, uint32_t data) {
        ++words_[channel];
        if (sdram_on_) {
            const bool more = (model_->mem_req_more_o >> channel & 1U) != 0;
            sdram_.accept(channel, cycle_, address, write, more, data);
        } else {
            channels_[channel].accept(cycle_, data);
        }
    }

    void serve_console() {
        if (model_->uart_tx_valid_o) console_.push_back(static_cast<char>(model_->uart_tx_data_o));
        // A byte offered since the last edge is taken at the next one if the chip is ready now.
        if (offered_ && model_->uart_rx_ready_o) {
            ++input_next_;
            quiet_ = 0;
        }
        const bool more = input_next_ < input_.size();
        model_->uart_rx_valid_i = more;
        if (more) model_->uart_rx_data_i = static_cast<uint8_t>(input_[input_next_]);
        // Offered for the first time, or the hang-up: news on its way.
        const bool hangup = input_closed_ && !more;
        if (more != offered_ || hangup != static_cast<bool>(model_->uart_hangup_i)) quiet_ = 0;
        offered_ = more;
        model_->uart_hangup_i = hangup;
    }

    // The devices behind the I/O controller: what the chip asks for in this cycle, what they say in cycle `next`.
    void serve_devices(uint64_t next) {
        if (model_->blk_start_o) {
            const BlockCommand command{model_->blk_op_o, model_->blk_sector_o, model_->blk_count_o, model_->blk_addr_o};
            disk_.start(command, cycle_, io_bytes_);
        }
        model_->blk_done_i = disk_.ends(next);
        model_->blk_failed_i = disk_.failed();
        if (model_->net_tx_start_o) network_.send(sent_frame(), cycle_);
        model_->net_tx_taken_i = network_.taken(next);
        if (model_->net_rx_post_o) network_.post(model_->net_rx_addr_o, model_->net_rx_tag_o, cycle_);
        model_->net_rx_done_i = network_.delivers(next) && deliver_frame();
        if (random_offered_ && model_->random_ready_o) {
            random_.next();
            quiet_ = 0;
        }
        model_->random_valid_i = random_offered_ = true;
        model_->random_data_i = random_.word();
        if (model_->blk_done_i || model_->net_tx_taken_i || model_->net_rx_done_i) quiet_ = 0;
    }
    // Empty if it is not inside the I/O region: only a fault can ask for that.
    std::string sent_frame() const {
        const uint32_t offset = model_->net_tx_addr_o;
        const uint32_t length = model_->net_tx_len_o;
        if (static_cast<uint64_t>(offset) + length > io_bytes_) return {};
        return {reinterpret_cast<const char*>(memory_.data() + io_region_ + offset), length};
    }
    // False if the buffer is not inside the I/O region: the frame is lost.
    bool deliver_frame() {
        const uint32_t offset = network_.buffer();
        const std::string frame = network_.take_offered();
        if (static_cast<uint64_t>(offset) + Network::BufferSize > io_bytes_) return false;
        write_memory(io_region_ + offset, {reinterpret_cast<const uint8_t*>(frame.data()), frame.size()});
        model_->net_rx_tag_i = network_.tag();
        model_->net_rx_len_i = static_cast<uint16_t>(frame.size());
        return true;
    }

    // Leaves out cycles if it may; false if not a single cycle went by.
    bool skip(uint64_t until) {
        if (!skip_on_ || trace_ || state_->forced() || !sdram_.empty()) return false;
        for (const Channel& channel : channels_) {
            if (!channel.empty()) return false;
        }
        uint64_t end = until;
        for (const uint64_t due : {disk_.due(), network_.due()}) {
            if (due < end) end = due;
        }
        // The cycles run here, and some until what happens at the end shows.
        constexpr uint64_t Margin = 3 * CyclesPerTick;
        if (end < cycle_ + Margin || model_->wake_o <= model_->mtime_o + TicksBefore) return false;
        uint64_t ticks = model_->wake_o - model_->mtime_o - TicksBefore;
        if (ticks > (end - cycle_ - Margin) / CyclesPerTick) ticks = (end - cycle_ - Margin) / CyclesPerTick;
        if (ticks > UINT32_MAX) ticks = UINT32_MAX;
        if (ticks < WorthSkipping) return false;
        std::vector<uint64_t> counters;
        if constexpr (Wrapped::Fault) {
            Digest before;
            state_->digest_still(before);
            counters = state_->counters();
            for (unsigned i = 0; i < CyclesPerTick && stop_ == 0 && !host_wanted(); ++i) tick();
            Digest after;
            state_->digest_still(after);
            if (stop_ != 0 || quiet_ < Settled || before.low != after.low || before.high != after.high) {
                quiet_ = 0;
                return true;
            }
            --ticks;
            state_->advance_counters(counters, ticks);
            settle();
        }
        model_->skip_i = static_cast<uint32_t>(ticks);
        tick();
        model_->skip_i = 0;
        cycle_ += ticks * CyclesPerTick;
        skipped_ += ticks * CyclesPerTick;
        for (auto& tile : spent_) tile[SpentWait] += ticks * CyclesPerTick;
        for (Channel& channel : channels_) channel.pass(ticks * CyclesPerTick);
        // The chip's clock goes on in this one.
        tick();
        return true;
    }

    void observe() {
        for (unsigned i = 0; i < Tiles; ++i) ++spent_[i][model_->spent_o >> 3 * i & 7U];
        if (model_->guest_o) guest_begun_ = true;
        const uint32_t state = model_->seq_state_o;
        if (state != StateIdle && state != StatePowerOn) busy();
        if (model_->epoch_o) ++epochs_;
        if (model_->ckpt_o) {
            ++checkpoints_;
            events_.push_back({cycle_, EventCheckpoint, 0, 0});
        }
        if (model_->det_valid_o) events_.push_back({cycle_, EventDetection, model_->det_kind_o, model_->det_tile_o});
        if (model_->resume_o) events_.push_back({cycle_, EventResume, 0, 0});
        if (model_->members_o != members_) {
            members_ = model_->members_o;
            events_.push_back({cycle_, EventMembers, members_, 0});
        }
        if (model_->due_o) stop_ |= StopDue;
        if (model_->exit_valid_o && (stop_ & (StopExit | StopHtif)) == 0) {
            exit_code_ = model_->exit_code_o;
            stop_ |= StopExit;
        }
    }

    // The sequencer works: does the guest wait for it? It does, once it has begun, unless the lowest
    // member's last instruction was the guest's own and its tile is out of reset.
    void busy() {
        const uint32_t members = model_->members_o;
        const uint32_t lowest = members & (0U - members);
        if (guest_begun_ && (model_->guest_o & model_->run_o & lowest) == 0) ++busy_cycles_;
    }

    void check_range(uint32_t address, std::size_t length) const {
        if (address > memory_.size() || length > memory_.size() - address)
            throw std::out_of_range{"outside main memory"};
    }

    static rust::Vec<uint32_t> list(const std::vector<uint32_t>& from) {
        rust::Vec<uint32_t> to;
        to.reserve(from.size());
        for (const uint32_t value : from) to.push_back(value);
        return to;
    }
    static rust::Slice<const uint8_t> view(const std::string& bytes) {
        return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
    }

    std::unique_ptr<VerilatedContext> context_;
    std::unique_ptr<Model> model_;
    Memory memory_;
    std::unique_ptr<State> state_;
    std::array<Channel, Channels> channels_;
    bool sdram_on_;
    Sdram<Channels> sdram_;
    uint32_t io_region_;
    uint32_t io_bytes_;
    BlockDevice disk_;
    Network network_;
    RandomSource random_;
    bool random_offered_ = false;
    std::array<uint64_t, Channels> words_{};
    bool skip_on_;
    bool bare_;
    uint64_t skipped_ = 0;
    static constexpr unsigned Spent = 8, SpentWait = 7;  // covert_core_pkg::Spent*
    std::array<std::array<uint64_t, Spent>, Tiles> spent_{};
    uint32_t quiet_ = 0;         // cycles in which nothing has happened, up to now
    uint32_t ready_ = (1U << Channels) - 1;
    Htif htif_;
    std::unique_ptr<VerilatedFstC> trace_;

    uint64_t cycle_ = 0;
    uint64_t end_cycle_ = 0;
    bool ended_ = false;
    uint32_t stop_ = 0;
    uint32_t exit_code_ = 0;
    uint32_t members_ = 0;
    uint64_t epochs_ = 0;
    uint64_t checkpoints_ = 0;
    uint64_t busy_cycles_ = 0;
    bool guest_begun_ = false;
    std::vector<Event> events_;

    std::string console_;
    std::string input_;
    std::size_t input_next_ = 0;
    bool input_closed_ = false;
    bool offered_ = false;
    bool recording_ = false;
    std::string instructions_;
    std::array<std::array<const uint8_t*, 3>, Tiles> irq_leaves_{};
    bool interrupted_ = false;
};

}  // namespace covert
