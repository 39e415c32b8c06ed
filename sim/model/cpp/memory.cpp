#include "memory.h"

#include <sys/mman.h>

#include <new>

namespace covert {

Memory::Memory(std::size_t bytes) : size_{bytes} {
    void* mapping = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapping == MAP_FAILED) throw std::bad_alloc{};
    base_ = static_cast<uint8_t*>(mapping);
}

Memory::~Memory() { munmap(base_, size_); }

}  // namespace covert
