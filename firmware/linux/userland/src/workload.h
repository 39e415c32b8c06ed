/* The programs of the sessions, in one file: a static program each would hold the C library each. */
#ifndef WORKLOAD_H
#define WORKLOAD_H

#include <stddef.h>
#include <stdint.h>

/* Each takes what stands behind its name on the command line and returns the exit status. */
int compute_main(int argc, char **argv);
int files_main(int argc, char **argv);
int udp_main(int argc, char **argv);

/* CRC-32 (IEEE 802.3) of data, going on from crc; begin with 0. */
uint32_t crc32(uint32_t crc, const void *data, size_t size);

/* The next number of a xorshift32 generator; the state must not be 0. */
uint32_t next_random(uint32_t *state);

/* Fills data with numbers that depend on the seed alone. */
void fill(void *data, size_t size, uint32_t seed);

/* The number in text, at most limit, or an error message and exit. */
uint32_t number(const char *text, uint32_t limit);

/* Prints what failed, with the reason in errno, and exits with 1. */
_Noreturn void fail(const char *what);

#endif
