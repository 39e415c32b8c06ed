// Pointer chase through 256 KiB in random order, one node a cache line: every step misses caches smaller than that.
#include "bench.h"

#define NODES 8192

static struct node {
  uint32_t next, value;
  uint32_t rest[6];
} nodes[NODES];

// One cycle through all nodes (Sattolo's shuffle).
static void prepare(void) {
  uint32_t state = 7;
  for (uint32_t i = 0; i < NODES; i++) nodes[i].next = i;
  for (uint32_t i = NODES - 1; i > 0; i--) {
    uint32_t j = next(&state) % i, x = nodes[i].next;
    nodes[i].next = nodes[j].next;
    nodes[j].next = x;
  }
  for (uint32_t i = 0; i < NODES; i++) nodes[i].value = next(&state);
}

static uint32_t run(uint32_t seed) {
  uint32_t at = seed % NODES, sum = 0;
  for (int i = 0; i < NODES; i++) {
    sum += nodes[at].value;
    at = nodes[at].next;
  }
  return sum + at;
}

const struct kernel chase_kernel = {"chase", prepare, run, 20};
