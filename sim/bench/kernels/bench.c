// The list of kernels, and the measurement of each.
#include "bench.h"

static const struct kernel *const kernels[] = {
    &list_kernel, &matrix_kernel, &scan_kernel,  &crc_kernel, &sort_kernel,
    &search_kernel, &divide_kernel, &chase_kernel, &mix_kernel,
};

// Volatile: no compiler works anything out ahead of time.
static volatile uint32_t first_seed = 0x5eed;

void bench(void) {
  for (unsigned i = 0; i < sizeof kernels / sizeof *kernels; i++) {
    const struct kernel *kernel = kernels[i];
    uint32_t checksum = first_seed;
    if (kernel->prepare) kernel->prepare();
    struct counts before = machine_counts();
    for (uint32_t n = 0; n < kernel->rounds; n++) checksum = checksum * 31 + kernel->round(checksum);
    struct counts after = machine_counts();
    after.cycles -= before.cycles;
    after.instructions -= before.instructions;
    machine_print(kernel->name, checksum, kernel->rounds, after);
  }
}
