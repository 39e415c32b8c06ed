/*
 * `udp client ADDRESS PORT COUNT`: sends COUNT datagrams to an echo server, one after the other, and compares what comes back.
 * `udp server ADDRESS PORT COUNT`: sends back what comes, until COUNT different datagrams of such a client were seen.
 *
 * A datagram is its number and COUNT, 4 bytes each with the low byte first, and contents that depend on the number alone; sizes go up to
 * 1472 bytes, a full Ethernet frame. Datagrams may be lost: the client repeats, the server answers a repetition and counts it once. So what
 * they print is the same in every run. peer.py is the other side.
 */
#include "workload.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD 8
#define MAX_SIZE 1472
#define MAX_COUNT 1000
/* Milliseconds until the client repeats, repetitions until it gives up, and how long the server answers repetitions after the last. */
#define PATIENCE 1000
#define REPETITIONS 300
#define LINGER 200

static void put_word(uint8_t *at, uint32_t word)
{
	for (int i = 0; i < 4; i++)
		at[i] = word >> 8 * i;
}

static uint32_t get_word(const uint8_t *at)
{
	return at[0] | at[1] << 8 | at[2] << 16 | (uint32_t)at[3] << 24;
}

/* Writes the datagram with this number; its size. */
static size_t make(uint8_t *datagram, uint32_t number, uint32_t count)
{
	size_t size = HEAD + number * 97 % (MAX_SIZE - HEAD + 1);

	/* The last one fills the frame. */
	if (number + 1 == count)
		size = MAX_SIZE;
	put_word(datagram, number);
	put_word(datagram + 4, count);
	fill(datagram + HEAD, size - HEAD, number);
	return size;
}

/* The size of the datagram that came within this many milliseconds (-1: for ever), 0 if none did. */
static size_t receive(int s, uint8_t *datagram, struct sockaddr_in *from, int milliseconds)
{
	struct pollfd ready = { .fd = s, .events = POLLIN };
	socklen_t length = sizeof *from;
	ssize_t got;

	if (poll(&ready, 1, milliseconds) <= 0)
		return 0;
	got = recvfrom(s, datagram, MAX_SIZE, 0, (struct sockaddr *)from, &length);
	/* A peer that is not there yet is told by an error of this call; the client repeats. */
	return got < 0 ? 0 : got;
}

static int client(int s, const struct sockaddr_in *server, uint32_t count)
{
	static uint8_t sent[MAX_SIZE], got[MAX_SIZE];
	uint32_t checksum = 0;
	size_t bytes = 0;

	if (connect(s, (const struct sockaddr *)server, sizeof *server) < 0)
		fail("connect");
	for (uint32_t number = 0; number < count; number++) {
		size_t size = make(sent, number, count);
		uint32_t tries = 0;

		for (;;) {
			struct sockaddr_in from;
			size_t length;

			if (tries++ > REPETITIONS) {
				printf("udp client: no echo of datagram %lu\n", (unsigned long)number);
				return 1;
			}
			if (send(s, sent, size, 0) < 0 && errno != ECONNREFUSED)
				fail("send");
			do
				length = receive(s, got, &from, PATIENCE);
			/* Echoes of earlier repetitions. */
			while (length >= HEAD && get_word(got) < number);
			if (length == 0)
				continue;
			if (length == size && memcmp(sent, got, size) == 0)
				break;
			printf("udp client: datagram %lu came back changed\n", (unsigned long)number);
			return 1;
		}
		checksum = crc32(checksum, got, size);
		bytes += size;
	}
	printf("udp client: %lu echoes, %zu bytes, checksum %08lx\n", (unsigned long)count, bytes, (unsigned long)checksum);
	return 0;
}

static int server(int s, const struct sockaddr_in *address, uint32_t count)
{
	static uint8_t got[MAX_SIZE], expected[MAX_SIZE];
	static uint8_t seen[MAX_COUNT];
	uint32_t left = count, checksum = 0;
	size_t bytes = 0;

	if (bind(s, (const struct sockaddr *)address, sizeof *address) < 0)
		fail("bind");
	for (;;) {
		struct sockaddr_in from;
		size_t length = receive(s, got, &from, left ? -1 : LINGER);
		uint32_t number;

		if (length == 0) {
			if (left == 0)
				break;
			continue;
		}
		/* Whatever it is: that is what an echo server does. */
		if (sendto(s, got, length, 0, (struct sockaddr *)&from, sizeof from) < 0)
			fail("sendto");
		if (length < HEAD || (number = get_word(got)) >= count)
			continue;
		if (length != make(expected, number, count) || memcmp(got, expected, length) != 0) {
			printf("udp server: datagram %lu is not what was sent\n", (unsigned long)number);
			return 1;
		}
		if (!seen[number]) {
			seen[number] = 1;
			left--;
			bytes += length;
			/* Whatever the order. */
			checksum += crc32(0, got, length);
		}
	}
	printf("udp server: %lu echoed, %zu bytes, checksum %08lx\n", (unsigned long)count, bytes, (unsigned long)checksum);
	return 0;
}

int udp_main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	uint32_t count;
	int s;

	if (argc != 4)
		return 2;
	if (!inet_aton(argv[1], &address.sin_addr))
		return 2;
	address.sin_port = htons(number(argv[2], 65535));
	count = number(argv[3], MAX_COUNT);
	s = socket(AF_INET, SOCK_DGRAM, 0);
	if (s < 0)
		fail("socket");
	if (strcmp(argv[0], "client") == 0)
		return client(s, &address, count);
	if (strcmp(argv[0], "server") == 0)
		return server(s, &address, count);
	return 2;
}
