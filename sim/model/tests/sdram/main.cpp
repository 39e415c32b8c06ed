// The SDRAM model: first word, bursts, turns of the channels, refresh, statistics; known answers in cycles, and a random
// load of which every request is answered once, in order, at the rate that the times allow.
#include <cstdio>
#include <deque>
#include <random>
#include <vector>

#include "sdram.h"

namespace {

constexpr unsigned Channels = 3;
unsigned failed = 0;

void check(bool good, const char* what) {
    if (good) return;
    std::printf("FAILED: %s\n", what);
    ++failed;
}

struct Answer {
    unsigned channel;
    uint64_t due;
    uint32_t data;
};

struct Bench {
    covert::SdramTiming timing;
    covert::Sdram<Channels> device;
    std::vector<Answer> answers;
    uint64_t now = 0;

    // Without refresh, unless a test is about it.
    explicit Bench(uint32_t refresh = 1U << 30) : timing{times(refresh)}, device{timing} {}
    static covert::SdramTiming times(uint32_t refresh) {
        covert::SdramTiming timing;
        timing.tREFI = refresh;
        return timing;
    }
    void read(unsigned channel, uint32_t address, bool more = false) { device.accept(channel, now, address, false, more, address); }
    void write(unsigned channel, uint32_t address, bool more = false) { device.accept(channel, now, address, true, more, 0); }
    void cycle() {
        device.advance(now, [&](unsigned channel, uint64_t due, uint32_t data) { answers.push_back({channel, due, data}); });
        ++now;
    }
    void run(unsigned cycles) {
        for (unsigned i = 0; i < cycles; ++i) cycle();
    }
};

void first_word() {
    Bench b;
    b.run(100);
    b.read(0, 0x1000);
    b.run(50);
    check(b.answers.size() == 1 && b.answers[0].due == 110 && b.answers[0].data == 0x1000, "first word after 10 cycles");
    b.write(1, 0x1000);
    b.run(50);
    check(b.answers.size() == 2 && b.answers[1].channel == 1 && b.answers[1].due == 156, "a write is done after 6 cycles");
}

// A word a cycle, also when the requests come a word a cycle; what comes after the burst waits for the row to close.
void burst() {
    for (const bool at_once : {true, false}) {
        Bench b;
        for (uint32_t i = 0; i < 8; ++i) {
            b.read(0, 4 * i, i < 7);
            if (!at_once) b.cycle();
        }
        b.run(60);
        bool good = b.answers.size() == 8;
        for (uint32_t i = 0; good && i < 8; ++i) good = b.answers[i].due == 10 + i && b.answers[i].data == 4 * i;
        check(good && b.device.sums(0).bursts == 1, "a word a cycle in a burst");
    }
    Bench b;
    for (uint32_t i = 0; i < 60; ++i) b.read(0, 4 * i, i < 59);
    b.run(150);
    // tRCD + 32 + tRP from one burst to the next.
    check(b.answers.size() == 60 && b.answers[31].due == 10 + 31 && b.answers[32].due == 10 + 36 && b.device.sums(0).bursts == 2,
          "a burst has 32 words");
    Bench w;
    for (uint32_t i = 0; i < 40; ++i) w.write(0, 4 * i, i < 39);
    w.run(150);
    check(w.answers.size() == 40 && w.answers[31].due == 6 + 31 && w.answers[32].due == 6 + 38, "writes recover for tWR besides");
}

// What does not go on from the word before, or comes too late, is a burst of its own.
void broken_bursts() {
    const auto bursts = [](auto requests) {
        Bench b;
        requests(b);
        b.run(100);
        check(b.answers.size() == 2, "both were answered");
        return b.device.sums(0).bursts;
    };
    check(bursts([](Bench& b) { b.read(0, 0, true), b.read(0, 4); }) == 1, "next word");
    check(bursts([](Bench& b) { b.read(0, 0, false), b.read(0, 4); }) == 2, "no word was to follow");
    check(bursts([](Bench& b) { b.read(0, 0, true), b.read(0, 8); }) == 2, "another word");
    check(bursts([](Bench& b) { b.read(0, 0, true), b.write(0, 4); }) == 2, "another direction");
    check(bursts([](Bench& b) { b.read(0, 2044, true), b.read(0, 2048); }) == 2, "another row");
    check(bursts([](Bench& b) { b.read(0, 28, true), b.read(0, 0); }) == 1, "round the end of a line");
    check(bursts([](Bench& b) { b.read(0, 24, true), b.read(0, 0); }) == 2, "to the begin of a line from its middle");
    check(bursts([](Bench& b) { b.read(0, 0, true), b.run(3), b.read(0, 4); }) == 1, "in time");
    check(bursts([](Bench& b) { b.read(0, 0, true), b.run(12), b.read(0, 4); }) == 2, "too late");
}

void turns() {
    Bench b;
    for (unsigned round = 0; round < 4; ++round) {
        for (unsigned channel = 0; channel < Channels; ++channel) {
            for (uint32_t i = 0; i < 8; ++i) b.read(channel, 64 * round + 4 * i, i < 7);
        }
    }
    b.run(300);
    bool good = b.answers.size() == 96;
    for (unsigned i = 0; good && i < 96; ++i) good = b.answers[i].channel == (1 + i / 8) % Channels;
    check(good, "channels take turns, a burst each");
    // All three want the device all the time: each stands back while one of the others has it.
    for (unsigned channel = 0; channel < Channels; ++channel) {
        const uint64_t waited = b.device.sums(channel).waited;
        check(waited >= 60 && waited <= 12 * 8, "cycles in which a channel stood back");
    }
    Bench alone;
    for (uint32_t i = 0; i < 32; ++i) alone.read(2, 4 * i, i < 31);
    alone.run(300);
    check(alone.device.sums(2).waited == 0 && alone.device.sums(0).waited == 0, "nobody stands back for oneself");
}

void refresh() {
    Bench b{100};
    b.run(100);
    b.read(0, 0);
    b.run(30);
    // It comes due with the request: tRFC first, of which the arbiter's cycles are a part.
    check(b.answers.size() == 1 && b.answers[0].due == 100 + 4 + 7, "a refresh goes first");
    check(b.device.sums(0).waited == 1, "and is waited for");
    // Cycles without requests may be left out.
    Bench whole{100}, part{100};
    whole.run(1002);
    part.now = 1001;
    part.cycle();
    covert::Digest a, c;
    whole.device.digest(a, whole.now);
    part.device.digest(c, part.now);
    check(a.low == c.low && a.high == c.high, "idle cycles left out");
    whole.read(1, 64), part.read(1, 64);
    whole.run(40), part.run(40);
    check(whole.answers.size() == 1 && part.answers.size() == 1 && whole.answers[0].due == part.answers[0].due, "and what follows");
}

void load() {
    Bench b{390};
    std::mt19937 random{5};
    std::array<std::deque<uint32_t>, Channels> asked;
    std::array<uint32_t, Channels> left{}, address{};
    std::array<bool, Channels> writes{};
    std::array<uint64_t, Channels> last_due{};
    uint64_t words = 0;
    bool order = true;
    std::size_t seen = 0;
    for (unsigned i = 0; i < 200'000; ++i) {
        for (unsigned channel = 0; channel < Channels; ++channel) {
            if (asked[channel].size() >= 16 || random() % 4 == 0) continue;
            if (left[channel] == 0) {
                left[channel] = 1 + random() % 16;
                address[channel] = 4 * (random() % 100000);
                writes[channel] = random() % 3 == 0;
            }
            --left[channel];
            const bool more = left[channel] != 0;
            b.device.accept(channel, b.now, address[channel], writes[channel], more, address[channel]);
            asked[channel].push_back(address[channel]);
            address[channel] += 4;
        }
        b.cycle();
        for (; seen < b.answers.size(); ++seen) {
            const Answer& answer = b.answers[seen];
            order = order && !asked[answer.channel].empty() && asked[answer.channel].front() == answer.data
                    && answer.due > last_due[answer.channel] && answer.due >= b.now;
            last_due[answer.channel] = answer.due;
            if (!asked[answer.channel].empty()) asked[answer.channel].pop_front();
            ++words;
        }
    }
    check(order, "each request is answered once, in order");
    std::printf("  random load: %.2f words a cycle\n", static_cast<double>(words) / 200'000);
    check(words > 60'000 && words < 160'000, "at a rate that the times allow");
}

}  // namespace

int main() {
    first_word();
    burst();
    broken_bursts();
    turns();
    refresh();
    load();
    return failed != 0;
}
