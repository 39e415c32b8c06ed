#include "chip.h"

#include <stdexcept>

#include "covert-model/src/ffi.rs.h"
#include "models.h"
#include "verilated.h"

// Verilator's runtime calls this where it cannot go on, as when logic does not settle: an error of the call
// that led there, not the end of the process.
void vl_fatal(const char*, int, const char*, const char* message) { throw std::runtime_error{message}; }

namespace covert {

std::unique_ptr<Chip> new_chip(const Setup& setup) {
    for (const ModelEntry& entry : models) {
        if (entry.tiles == setup.tiles && entry.fault == setup.fault) return entry.make(setup);
    }
    throw std::invalid_argument{"no model of that many tiles"};
}

}  // namespace covert
