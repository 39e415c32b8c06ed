#include "chip.h"

#include <stdexcept>

#include "covert-model/src/ffi.rs.h"
#include "models.h"

namespace covert {

std::unique_ptr<Chip> new_chip(const Setup& setup) {
    for (const ModelEntry& entry : models) {
        if (entry.tiles == setup.tiles && entry.fault == setup.fault) return entry.make(setup);
    }
    throw std::invalid_argument{"no model of that many tiles"};
}

}  // namespace covert
