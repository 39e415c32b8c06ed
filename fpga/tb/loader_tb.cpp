// The loader against a memory, a card and a terminal that take their time: images good and bad from either source, of
// all sizes, what comes at the wrong moment, resets. Every word of memory is looked at when the chip is let go.
// Usage: bench ROM_FILE CLOCK_HZ MEMORY BOOT ROM_WORDS PARTS SCALE: the firmware's file, which the bench writes before
// the model reads it; bytes of memory and of the boot region; parts: g good images, e bad ones, s stalls and resets, l
// large images.
#include <functional>
#include <memory>

#include "Vcovert_loader.h"
#include "bench.hpp"

namespace {

constexpr uint32_t kPage = 4096, kSector = 512;
constexpr uint32_t kBootBase = 0x2000;  // where the bench's memory has the boot region
constexpr size_t kMaxOutstanding = 16;

std::string rom_file;
uint32_t clock_hz, memory_bytes, boot_bytes, rom_words;
std::vector<uint32_t> rom;

using Bytes = std::vector<uint8_t>;

uint32_t image_bytes() { return kPage + 4 * rom_words; }
uint32_t most_sectors() { return (boot_bytes - image_bytes()) / kSector; }
uint32_t half_second() { return clock_hz / 2; }

void put(Bytes& bytes, size_t at, uint32_t word) {
    for (unsigned k = 0; k < 4; k++) bytes[at + k] = static_cast<uint8_t>(word >> (8 * k));
}
uint32_t get(const Bytes& bytes, size_t at) {
    uint32_t word = 0;
    for (unsigned k = 0; k < 4; k++) word |= uint32_t{bytes[at + k]} << (8 * k);
    return word;
}

// CRC-32 of IEEE 802.3, bit by bit: most significant first, on reversed bytes, as the standard writes it.
uint32_t crc32(const Bytes& bytes) {
    uint32_t crc = 0xFFFFFFFF;
    for (const uint8_t byte : bytes) {
        for (unsigned k = 0; k < 8; k++) {
            const bool bit = ((byte >> k) ^ (crc >> 31)) & 1;
            crc = (crc << 1) ^ (bit ? 0x04C11DB7 : 0);
        }
    }
    uint32_t reversed = 0;
    for (unsigned k = 0; k < 32; k++) reversed |= (~crc >> k & 1) << (31 - k);
    return reversed;
}

// An image as it stands on a card, and the boot region that it has to become.
struct Image {
    Bytes bytes, boot;
    uint32_t mode = 0, disk_first = 0, disk_sectors = 0;

    Image(uint32_t sectors, bench::Random& random)
        : bytes(9 * kSector + sectors * kSector), boot(image_bytes() + sectors * kSector) {
        for (size_t i = kSector; i < bytes.size(); i++) bytes[i] = static_cast<uint8_t>(random.bits());
        std::copy_n(bytes.begin() + kSector, kPage, boot.begin());
        for (uint32_t i = 0; i < rom_words; i++) put(boot, kPage + 4 * i, rom[i]);
        std::copy(bytes.begin() + kSector + kPage, bytes.end(), boot.begin() + image_bytes());
        mode = random.below(8);
        disk_first = random.bits();
        disk_sectors = random.bits();
        set(CardMagicWord, CardMagic);
        set(CardVersionWord, CardVersion);
        set(CardImageWord, image_bytes());
        set(CardPayloadWord, sectors);
        set(CardCheckWord, crc32(boot));
        set(CardModeWord, mode);
        set(CardDiskFirstWord, disk_first);
        set(CardDiskSectorsWord, disk_sectors);
    }
    void set(unsigned number, uint32_t value) { put(bytes, 4 * number, value); }
    uint32_t word(unsigned number) const { return get(bytes, 4 * number); }
};

struct Card {
    bool present = false;
    uint64_t settled = 0;       // cycles behind the reset until the search is over
    Bytes bytes;
    int fails_at = -1;          // the sector that cannot be read
    uint32_t most_delay = 20;   // cycles for a sector
    int phase = -1;             // in half a second: when a command ends
};

class Bench {
  public:
    Bench(uint64_t seed, unsigned latency, unsigned busy)
        : memory_(1, memory_bytes, seed, latency), random_(seed), busy_(busy) {
        Verilated::randSeed(static_cast<int>(seed) + 1);
        top_ = std::make_unique<Vcovert_loader>();
        for (uint32_t i = 0; i < memory_bytes; i += 4) memory_.at(i) = random_.bits();
        top_->from_serial_i = 0;
    }
    ~Bench() { top_->final(); }

    Card card;
    unsigned tx_slow = 3;       // cycles until the terminal takes a character, at most
    uint64_t first_start = 0;   // cycle behind the reset in which the card is asked first

    void reset(unsigned cycles, bool from_serial) {
        top_->rst_ni = 0;
        top_->from_serial_i = from_serial;
        sending_.clear();
        said_.clear();
        started_ = may_finish_ = waiting_ = held_ = tx_held_ = done_ = false;
        dirty_ = 0;
        last_c_ = last_rx_ = first_start = 0;
        for (unsigned i = 0; i < cycles || memory_.outstanding(0) > 0; i++) cycle();
        top_->rst_ni = 1;
        reset_at_ = now_;
    }
    // Bytes for the block, so many cycles apart.
    void send(const Bytes& bytes, unsigned least, unsigned most) {
        for (const uint8_t byte : bytes) sending_.push_back({byte, least + random_.below(most - least + 1)});
    }
    void noise(unsigned bytes, unsigned most) {
        for (unsigned i = 0; i < bytes; i++) {
            sending_.push_back({static_cast<uint8_t>(random_.bits()), 1 + random_.below(most)});
        }
    }
    void run(uint64_t cycles) {
        for (; cycles > 0 && wrong_.empty(); cycles--) cycle();
    }
    void run_sent() {
        while (!sending_.empty() && wrong_.empty()) cycle();
    }
    // Until it has said so, `C` in a row being one.
    bool await(const std::string& said, uint64_t limit) {
        for (; limit > 0 && wrong_.empty(); limit--) {
            if (folded() == said) return true;
            cycle();
        }
        if (wrong_.empty()) complain("said " + folded() + ", not " + said);
        return false;
    }
    // The same, if it comes to that.
    bool reaches(const std::string& said, uint64_t limit) {
        for (; limit > 0 && wrong_.empty() && folded() != said; limit--) cycle();
        return folded() == said;
    }
    // It has to be good now, and nothing in memory but that.
    void finish(const Image& image, const std::string& said) {
        may_finish_ = true;
        const uint64_t limit = now_ + 40ull * memory_bytes + 10 * half_second();
        while (now_ < limit && !done_ && wrong_.empty()) cycle();
        if (!wrong_.empty()) return;
        if (!done_) return complain("is never done; said " + folded());
        if (folded() != said) complain("said " + folded() + ", not " + said);
        if (memory_.outstanding(0) != 0) complain("done with requests under way");
        check_memory(image);
        check_outputs(image);
        // What comes now is the chip's.
        noise(20, 300);
        run(3ull * half_second() + 1);
        check_memory(image);
        check_outputs(image);
        if (folded() != said) complain("said something when it was done");
    }
    // Words of the boot region that a bad image may have left.
    void left(uint32_t bytes) { dirty_ = std::max(dirty_, std::min(bytes, boot_bytes)); }
    void allow() { may_finish_ = true; }
    size_t waits() const { return waits_; }
    uint64_t since_reset() const { return now_ - reset_at_; }
    const std::string& wrong() const { return wrong_; }
    bench::Random& random() { return random_; }
    void complain(const std::string& what) {
        if (wrong_.empty()) wrong_ = what + " (cycle " + std::to_string(since_reset()) + " behind the reset)";
    }

  private:
    struct Sent {
        uint8_t byte;
        unsigned gap;
    };

    std::string folded() const {
        std::string text;
        for (const char c : said_) {
            if (c != 'C' || text.empty() || text.back() != 'C') text += c;
        }
        return text;
    }
    void check_memory(const Image& image) {
        for (uint32_t at = 0; at < memory_bytes; at += 4) {
            const uint32_t boot = at - kBootBase, is = memory_.at(at);
            const bool in_boot = at >= kBootBase;
            if (in_boot && boot < image.boot.size()) {
                if (is != get(image.boot, boot)) return complain("memory: not the image at " + std::to_string(boot));
            } else if (is != 0 && !(in_boot && boot < dirty_)) {
                return complain("memory: not zero at " + std::to_string(at));
            }
        }
    }
    void check_outputs(const Image& image) {
        if (!top_->done_o || top_->waiting_o) complain("done, but not so");
        if (top_->mode_o != image.mode || top_->disk_first_o != image.disk_first ||
            top_->disk_sectors_o != image.disk_sectors)
            complain("mode or disk");
    }

    void cycle() {
        const bool rx = !sending_.empty() && sending_.front().gap == 0;
        if (!sending_.empty() && !rx) sending_.front().gap--;
        top_->rx_valid_i = rx;
        top_->rx_data_i = rx ? sending_.front().byte : static_cast<uint8_t>(random_.bits());
        if (rx) sending_.pop_front();
        top_->tx_ready_i = random_.below(tx_slow) == 0;
        top_->mem_req_ready_i = busy_ == 0 || random_.below(16) >= busy_;
        move_card();
        top_->clk_i = 0;
        top_->eval();
        if (top_->rst_ni) {
            watch_memory();
            watch_card();
            watch_terminal(rx);
        } else if (in_reset_ && (top_->blk_start_o || top_->tx_valid_o || top_->done_o || top_->waiting_o)) {
            complain("not at rest in reset");
        }
        in_reset_ = !top_->rst_ni;
        uint32_t data = random_.bits();
        top_->mem_rsp_valid_i = memory_.response(0, now_, data);
        top_->mem_rsp_data_i = data;
        top_->clk_i = 1;
        top_->eval();
        now_++;
        if (memory_.out_of_range() != 0) complain("outside of memory");
    }

    void watch_memory() {
        const bool valid = top_->mem_req_valid_o;
        const bench::Request request{top_->mem_req_addr_o, top_->mem_req_we_o != 0, top_->mem_req_wdata_o, 0xF};
        const bool whole = top_->mem_req_whole_o;
        if (held_ && (!valid || request.addr != request_.addr || request.we != request_.we || whole != whole_ ||
                      (request.we && request.wdata != request_.wdata)))
            complain("a request was not held");
        held_ = valid && !top_->mem_req_ready_i;
        request_ = request;
        whole_ = whole;
        if (!valid) return;
        if (done_) complain("a request when it was done");
        if (top_->mem_req_more_o) complain("a false hint");
        if (request.addr % 4 != 0) return complain("a bad address");
        if (request.addr >= (whole ? memory_bytes : boot_bytes)) return complain("beyond the end");
        if (!top_->mem_req_ready_i) return;
        memory_.accept(0, now_, {whole ? request.addr : kBootBase + request.addr, request.we, request.wdata, 0xF});
        if (memory_.outstanding(0) > kMaxOutstanding) complain("too many requests");
    }

    // The card moves a sector at a time, and ends a command some time behind the last.
    void move_card() {
        top_->blk_done_i = 0;
        top_->blk_failed_i = static_cast<uint8_t>(random_.one_in(2));  // means nothing without blk_done_i
        top_->blk_settled_i = top_->rst_ni && since_reset() >= card.settled;
        top_->blk_present_i = top_->blk_settled_i && card.present;
        if (!started_ || now_ < next_) return;
        next_ = now_ + random_.below(card.most_delay + 1);
        const bool bad = card.fails_at >= 0 && sector_ == static_cast<uint32_t>(card.fails_at);
        if (count_ == 0 || bad) {
            if (card.phase >= 0 && since_reset() % half_second() != static_cast<uint32_t>(card.phase)) {
                next_ = now_ + 1;
                return;
            }
            top_->blk_done_i = 1;
            top_->blk_failed_i = bad;
            return;
        }
        for (uint32_t k = 0; k < kSector; k += 4, addr_ += 4)
            memory_.at(kBootBase + addr_) = get(card.bytes, size_t{sector_} * kSector + k);
        sector_++;
        count_--;
    }
    void watch_card() {
        if (top_->blk_start_o) {
            if (first_start == 0) first_start = since_reset();
            if (started_) complain("two commands at a time");
            if (!top_->blk_settled_i || !card.present || top_->from_serial_i) complain("a command that must not be");
            started_ = true;
            sector_ = fields_[0] = top_->blk_sector_o;
            count_ = fields_[1] = top_->blk_count_o;
            addr_ = fields_[2] = top_->blk_addr_o;
            next_ = now_ + 1 + random_.below(card.most_delay + 1);
            if (count_ < 1 || count_ > 2048) complain("sectors in a command");
            if (uint64_t{addr_} + uint64_t{count_} * kSector > boot_bytes) complain("a command beyond the boot region");
            if ((uint64_t{sector_} + count_) * kSector > card.bytes.size()) complain("a command beyond the image");
            if (!wrong_.empty()) count_ = 0;
        } else if (started_) {
            if (fields_[0] != top_->blk_sector_o || fields_[1] != top_->blk_count_o || fields_[2] != top_->blk_addr_o)
                complain("a command's fields changed");
            if (top_->blk_done_i) started_ = false;
        }
    }

    void watch_terminal(bool rx) {
        const bool valid = top_->tx_valid_o;
        if (tx_held_ && (!valid || top_->tx_data_o != tx_data_)) complain("a character changed before it was taken");
        if (valid && !tx_held_ && top_->tx_data_o == 'C') {
            // The line is silent before the first; then exactly twice a second.
            if (waiting_ && last_c_ != 0 && now_ - last_c_ != half_second()) complain("C is not said twice a second");
            if (!waiting_ && last_rx_ != 0 && now_ - last_rx_ < half_second()) complain("C is said while bytes come");
            waiting_ = true;
            last_c_ = now_;
            waits_++;
        }
        if (waiting_ && last_c_ != 0 && now_ - last_c_ > half_second()) complain("C is not said any more");
        if ((top_->waiting_o != 0) != waiting_) complain("the light says something else");
        if (rx) {
            waiting_ = false;
            last_rx_ = now_;
        }
        tx_held_ = valid && !top_->tx_ready_i;
        tx_data_ = top_->tx_data_o;
        if (valid && top_->tx_ready_i) said_ += static_cast<char>(top_->tx_data_o);

        const bool done = top_->done_o;
        if (done && !may_finish_) complain("done, but the image is not good");
        if (done && (said_.empty() || said_.back() != 'K')) complain("done before it says so");
        if (done_ && !done) complain("not done any more");
        done_ = done;
    }

    std::unique_ptr<Vcovert_loader> top_;
    bench::Memory memory_;
    bench::Random random_;
    unsigned busy_;                // of 16 cycles in which memory takes no request
    uint64_t now_ = 0, reset_at_ = 0;
    std::deque<Sent> sending_;
    std::string said_, wrong_;
    bench::Request request_{};
    bool in_reset_ = false, held_ = false, whole_ = false, tx_held_ = false;
    bool may_finish_ = false, done_ = false, waiting_ = false;
    uint8_t tx_data_ = 0;
    uint64_t last_c_ = 0, last_rx_ = 0;
    size_t waits_ = 0;
    uint32_t dirty_ = 0;
    bool started_ = false;         // the card has a command
    uint32_t sector_ = 0, count_ = 0, addr_ = 0, fields_[3] = {};
    uint64_t next_ = 0;
};

bench::Verdict verdict;
uint64_t seeds = 0;

// One run of the block.
using Run = std::function<void(Bench&)>;
void one(const std::string& what, const Run& run) {
    const uint64_t seed = ++seeds;
    static const unsigned latencies[] = {0, 3, 12}, busy[] = {0, 4, 8};
    Bench b(seed, latencies[seed % 3], busy[seed / 3 % 3]);
    b.tx_slow = seed % 4 == 0 ? 1 : seed % 4 == 1 ? 200 : 10;
    b.card.settled = b.random().one_in(2) ? 0 : b.random().below(memory_bytes);
    run(b);
    verdict.check(b.wrong().empty(), what + ", seed " + std::to_string(seed) + ": " + b.wrong());
    // The first failure ends it.
    if (!b.wrong().empty()) std::exit(verdict.report());
}

enum Source { kFromCard, kFromSerial, kAbsent, kSources };
const char* const kNames[] = {"card", "serial line", "no card"};

uint64_t limit() { return 8ull * memory_bytes + 4ull * half_second(); }

void insert(Bench& b, const Image& image, int fails_at = -1) {
    b.card.present = true;
    b.card.bytes = image.bytes;
    b.card.fails_at = fails_at;
}
// What comes when nobody asked.
void noise(Bench& b) { b.noise(b.random().below(memory_bytes / 100), 200); }

// Power-on with a source; what is expected before the image is looked at.
std::string power_on(Bench& b, Source source, const Image& image) {
    if (source != kAbsent) insert(b, image);
    b.reset(1 + b.random().below(4), source == kFromSerial);
    return source == kFromCard ? "" : "C";
}
void send(Bench& b, const Bytes& bytes) { b.send(bytes, 20, 20 + b.random().below(30)); }

void good(Source source, uint32_t sectors, bool noisy) {
    one(std::string("good image, ") + kNames[source] + ", sectors " + std::to_string(sectors), [&](Bench& b) {
        const Image image(sectors, b.random());
        const std::string before = power_on(b, source, image);
        if (noisy) noise(b);
        if (source != kFromCard) {
            b.run_sent();
            if (!b.await(before, limit())) return;
            b.run(b.random().below(3 * half_second()));
            send(b, image.bytes);
            // More than was asked for.
            if (noisy) b.noise(b.random().below(200), 40);
        }
        b.finish(image, before + "K");
    });
}

// An image that is wrong in some way from a source; then a good one over the serial line.
using Spoil = std::function<void(Image&)>;
void bad(char digit, const std::string& what, Source source, uint32_t sectors, const Spoil& spoil) {
    one(what + ", " + kNames[source], [&](Bench& b) {
        Image image(sectors, b.random());
        const Image other(b.random().below(most_sectors() + 1), b.random());
        spoil(image);
        std::string said = power_on(b, source, image);
        if (source != kFromCard) {
            if (!b.await(said, limit())) return;
            send(b, image.bytes);
        }
        b.left(image_bytes() + sectors * kSector);
        said += std::string("E") + digit + "C";
        if (!b.await(said, limit())) return;
        b.run(b.random().below(2 * half_second()));
        send(b, other.bytes);
        b.finish(other, said + "K");
    });
}

void bad_images(Source source) {
    bench::Random random(17 + source);
    const auto header = [](unsigned word, uint32_t value) { return [=](Image& image) { image.set(word, value); }; };
    const uint32_t some = 1 + random.below(most_sectors());
    const char image = '0' + CardErrorImage, firmware = '0' + CardErrorFirmware, size = '0' + CardErrorSize,
               check = '0' + CardErrorCheck;
    bad(image, "wrong magic", source, some, header(CardMagicWord, CardMagic ^ (1u << random.below(32))));
    bad(image, "version 0", source, some, header(CardVersionWord, 0));
    bad(image, "version and magic swapped", source, 0, [](Image& i) {
        i.set(CardMagicWord, CardVersion);
        i.set(CardVersionWord, CardMagic);
    });
    bad(image, "wrong version, firmware and size", source, some, [](Image& i) {
        i.set(CardVersionWord, CardVersion + 1);
        i.set(CardImageWord, 0);
        i.set(CardPayloadWord, 0xFFFFFFFF);
    });
    bad(firmware, "larger firmware", source, some, header(CardImageWord, image_bytes() + kPage));
    bad(firmware, "other firmware, wrong size", source, 0, [](Image& i) {
        i.set(CardImageWord, image_bytes() - 4);
        i.set(CardPayloadWord, most_sectors() + 1);
    });
    bad(size, "a sector too large", source, 2, header(CardPayloadWord, most_sectors() + 1));
    bad(size, "all bits of the size", source, 2, header(CardPayloadWord, 0xFFFFFFFF));
    bad(size, "large by a high bit", source, 2, header(CardPayloadWord, 0x00040001));
    bad(check, "wrong check", source, some,
        [&](Image& i) { i.set(CardCheckWord, i.word(CardCheckWord) ^ (1u << random.below(32))); });
    bad(check, "check not inverted", source, some, [](Image& i) { i.set(CardCheckWord, ~i.word(CardCheckWord)); });
    bad(check, "a bit of the segments", source, some,
        [&](Image& i) { i.bytes[9 * kSector + random.below(some * kSector)] ^= 8; });
    bad(check, "the segments' last bit", source, some, [](Image& i) { i.bytes.back() ^= 0x80; });
    bad(check, "a bit of the descriptor's page", source, 0,
        [&](Image& i) { i.bytes[kSector + random.below(kPage)] ^= 1; });
    bad(check, "made for another firmware of this size", source, 1, [](Image& i) {
        Bytes boot = i.boot;
        boot[image_bytes() - 1] ^= 1;
        i.set(CardCheckWord, crc32(boot));
    });
}

// The card cannot be read at a sector. At some moments of the half second that the loader counts always.
void bad_card(uint32_t sectors, int fails_at, int phase) {
    one("the card fails at sector " + std::to_string(fails_at) + ", moment " + std::to_string(phase), [&](Bench& b) {
        const Image image(sectors, b.random());
        insert(b, image, fails_at);
        b.card.phase = phase;
        b.reset(2, false);
        b.left(image_bytes() + sectors * kSector);
        const std::string said = std::string("E") + static_cast<char>('0' + CardErrorCard) + "C";
        if (!b.await(said, limit() + 10 * half_second())) return;
        send(b, image.bytes);
        b.finish(image, said + "K");
    });
}

// The sender stops in the midst, and begins anew when it is asked.
void stall(size_t bytes) {
    one("the sender stops behind " + std::to_string(bytes), [&](Bench& b) {
        const Image image(3, b.random());
        const std::string before = power_on(b, kAbsent, image);
        if (!b.await(before, limit())) return;
        send(b, Bytes(image.bytes.begin(), image.bytes.begin() + static_cast<std::ptrdiff_t>(bytes)));
        b.run_sent();
        const uint64_t from = b.since_reset();
        b.left(image_bytes() + 3 * kSector);
        const std::string error = before + "E" + static_cast<char>('0' + CardErrorStall);
        if (!b.await(error, 5ull * half_second())) return;
        if (b.since_reset() - from < 4ull * half_second() - 10) b.complain("two seconds are shorter");
        if (!b.await(error + "C", 2ull * half_second())) return;
        send(b, image.bytes);
        b.finish(image, error + "CK");
    });
}
// The first byte comes at a moment of the half second that the loader counts from the reset.
void first_byte_at(uint32_t moment) {
    one("first byte at moment " + std::to_string(moment), [&](Bench& b) {
        const Image image(1, b.random());
        const std::string before = power_on(b, kFromSerial, image);
        if (!b.await(before, limit())) return;
        while (b.wrong().empty() && b.since_reset() % half_second() != moment) b.run(1);
        b.send({image.bytes[0]}, 0, 0);
        send(b, Bytes(image.bytes.begin() + 1, image.bytes.end()));
        b.finish(image, before + "K");
    });
}
// Pauses of less than two seconds do no harm.
void slow_sender() {
    one("a sender with pauses", [&](Bench& b) {
        const Image image(2, b.random());
        const std::string before = power_on(b, kFromSerial, image);
        if (!b.await(before, limit())) return;
        for (size_t i = 0; i < image.bytes.size(); i++) {
            const bool pause = i == 1 || i == kSector || i == kSector + kPage || i + 1 == image.bytes.size();
            b.send({image.bytes[i]}, pause ? 4 * half_second() - 20 : 20, pause ? 4 * half_second() - 10 : 25);
        }
        b.finish(image, before + "K");
    });
}
// A reset so many cycles after power-on, then all anew from a source.
void reset_at(uint64_t cycles, Source source, unsigned length) {
    one("reset in cycle " + std::to_string(cycles) + ", " + kNames[source], [&](Bench& b) {
        const Image image(b.random().below(4), b.random());
        std::string before = power_on(b, source, image);
        b.allow();
        if (source == kFromCard) noise(b);
        if (source != kFromCard && b.reaches("C", cycles)) send(b, image.bytes);
        b.run(cycles - std::min(cycles, b.since_reset()));
        const Source again = b.random().one_in(2) ? source : kFromSerial;
        insert(b, image);
        b.reset(length, again == kFromSerial);
        before = again == kFromCard ? "" : "C";
        if (again == kAbsent) b.card.present = false;
        if (again != kFromCard) {
            if (!b.await("C", limit())) return;
            send(b, image.bytes);
        }
        b.finish(image, before + "K");
    });
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 8) return 2;
    rom_file = argv[1];
    clock_hz = static_cast<uint32_t>(std::strtoul(argv[2], nullptr, 0));
    memory_bytes = static_cast<uint32_t>(std::strtoul(argv[3], nullptr, 0));
    boot_bytes = static_cast<uint32_t>(std::strtoul(argv[4], nullptr, 0));
    rom_words = static_cast<uint32_t>(std::strtoul(argv[5], nullptr, 0));
    const std::string parts = argv[6];
    const unsigned scale = static_cast<unsigned>(std::atoi(argv[7]));

    bench::Random random(5);
    std::FILE* file = std::fopen(rom_file.c_str(), "w");
    if (file == nullptr) return 2;
    for (uint32_t i = 0; i < rom_words; i++) {
        rom.push_back(random.bits());
        std::fprintf(file, "%08x\n", rom.back());
    }
    if (std::fclose(file) != 0) return 2;
    Verilated::randReset(2);

    for (const char part : parts) {
        if (part == 'g') {
            for (unsigned k = 0; k < scale; k++) {
                for (int source = 0; source < kSources; source++) {
                    for (const uint32_t sectors : {0u, 1u, 2 + random.below(most_sectors() - 3), most_sectors()})
                        good(static_cast<Source>(source), sectors, random.one_in(2));
                }
            }
        } else if (part == 'e') {
            for (unsigned k = 0; k < scale; k++) {
                bad_images(kFromCard);
                bad_images(kFromSerial);
                for (const int fails_at : {0, 1, 8, 9, 11}) bad_card(3, fails_at, -1);
                for (const uint32_t before : {1u, 3u, 30u, 100u}) {
                    bad_card(1, 0, static_cast<int>(half_second() - before));
                }
            }
        } else if (part == 's') {
            for (unsigned k = 0; k < scale; k++) {
                for (const size_t bytes : {1u, 4u, 511u, 512u, 513u, 4607u, 4608u, 4610u, 6143u}) stall(bytes);
                slow_sender();
                for (const uint32_t moment : {half_second() - 2, half_second() - 1, 0u, 1u}) first_byte_at(moment);
                for (unsigned i = 0; i < 12; i++)
                    reset_at(random.below(2 * memory_bytes), static_cast<Source>(i % kSources), 1 + random.below(3));
            }
        } else if (part == 'l') {
            for (const uint32_t sectors : {2048u, 2049u, most_sectors()}) good(kFromCard, sectors, false);
        }
    }
    return verdict.report();
}
