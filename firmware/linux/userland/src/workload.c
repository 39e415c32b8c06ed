#include "workload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	int (*main)(int argc, char **argv);
	const char *arguments;
} programs[] = {
	{ "compute", compute_main, "ROUNDS" },
	{ "files", files_main, "write|check DIR COUNT" },
	{ "udp", udp_main, "client|server ADDRESS PORT COUNT" },
};

uint32_t crc32(uint32_t crc, const void *data, size_t size)
{
	static uint32_t table[256];
	const uint8_t *byte = data;

	if (!table[1]) {
		for (uint32_t i = 0; i < 256; i++) {
			uint32_t value = i;

			for (int bit = 0; bit < 8; bit++)
				value = value >> 1 ^ (value & 1 ? 0xedb88320 : 0);
			table[i] = value;
		}
	}
	crc = ~crc;
	while (size--)
		crc = crc >> 8 ^ table[(crc ^ *byte++) & 0xff];
	return ~crc;
}

uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

void fill(void *data, size_t size, uint32_t seed)
{
	uint8_t *byte = data;
	uint32_t state = seed * 2654435761u + 1, word = 0;

	if (state == 0)
		state = 1;
	for (size_t i = 0; i < size; i++) {
		word = i % 4 ? word >> 8 : next_random(&state);
		byte[i] = word;
	}
}

uint32_t number(const char *text, uint32_t limit)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (end == text || *end || value > limit) {
		fprintf(stderr, "%s: not a number up to %lu\n", text, (unsigned long)limit);
		exit(2);
	}
	return value;
}

void fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');

	name = name ? name + 1 : argv[0];
	for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
		if (strcmp(name, programs[i].name) == 0) {
			int status = programs[i].main(argc - 1, argv + 1);

			if (status == 2)
				fprintf(stderr, "usage: %s %s\n", name, programs[i].arguments);
			/* What could not be printed was not done. */
			return fflush(stdout) == 0 ? status : 1;
		}
	fprintf(stderr, "%s: no such program\n", name);
	return 2;
}
