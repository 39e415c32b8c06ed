/* `compute ROUNDS`: integer kernels in a process, each line a checksum; about 0.9 M instructions a round. */
#include "workload.h"

#include <stdio.h>
#include <stdlib.h>

enum { SIDE = 24, NUMBERS = 1024, SIEVE = 16384 };

/* Product of two matrices of 32-bit numbers. */
static uint32_t matrix(uint32_t seed)
{
	static uint32_t a[SIDE][SIDE], b[SIDE][SIDE], product[SIDE][SIDE];

	fill(a, sizeof a, seed);
	fill(b, sizeof b, seed + 1);
	for (int i = 0; i < SIDE; i++)
		for (int j = 0; j < SIDE; j++) {
			uint32_t sum = 0;

			for (int k = 0; k < SIDE; k++)
				sum += a[i][k] * b[k][j];
			product[i][j] = sum;
		}
	return crc32(0, product, sizeof product);
}

/* Multiplication, division and shifts of 64 bits: libgcc's and the hardware's. */
static uint32_t divide(uint32_t seed)
{
	uint64_t sum = 0;
	uint32_t state = seed | 1;

	for (int i = 0; i < 1000; i++) {
		uint64_t high = next_random(&state);
		uint64_t value = high << (i % 32) | next_random(&state);

		sum += value / (next_random(&state) >> (i % 24) | 1);
		sum ^= value % (next_random(&state) | 1);
	}
	return crc32(0, &sum, sizeof sum);
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static uint32_t sort(uint32_t seed)
{
	uint32_t *numbers = malloc(NUMBERS * sizeof *numbers);
	uint32_t checksum;

	if (!numbers)
		fail("malloc");
	fill(numbers, NUMBERS * sizeof *numbers, seed);
	qsort(numbers, NUMBERS, sizeof *numbers, compare);
	checksum = crc32(0, numbers, NUMBERS * sizeof *numbers);
	free(numbers);
	return checksum;
}

static uint32_t sieve(uint32_t seed)
{
	static uint8_t composite[SIEVE];
	uint32_t sum = seed;

	for (uint32_t i = 0; i < SIEVE; i++)
		composite[i] = 0;
	for (uint32_t i = 2; i < SIEVE; i++) {
		if (composite[i])
			continue;
		sum = sum * 31 + i;
		for (uint32_t j = i * 2; j < SIEVE; j += i)
			composite[j] = 1;
	}
	return sum;
}

int compute_main(int argc, char **argv)
{
	static const struct {
		const char *name;
		uint32_t (*run)(uint32_t seed);
	} kernels[] = { { "matrix", matrix }, { "divide", divide }, { "sort", sort }, { "sieve", sieve } };
	uint32_t rounds, all = 0;

	if (argc != 1)
		return 2;
	rounds = number(argv[0], 1000000);
	for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++) {
		uint32_t checksum = 0;

		for (uint32_t round = 0; round < rounds; round++) {
			uint32_t result = kernels[i].run(round + 1);

			checksum = crc32(checksum, &result, sizeof result);
		}
		printf("compute: %s %08lx\n", kernels[i].name, (unsigned long)checksum);
		all = crc32(all, &checksum, sizeof checksum);
	}
	printf("compute: checksum %08lx\n", (unsigned long)all);
	return 0;
}
