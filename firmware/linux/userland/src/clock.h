/*
 * The file system writes the time into what it changes. Both init and the disk session set the clock to one fixed second before each
 * change, so that the disk's image is the same in every run, however fast the machine.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <time.h>

/* 2001-01-01 00:00:00 UTC; what mke2fs is told too. */
#define FIXED_TIME 978307200

static inline void set_clock(void)
{
	const struct timespec fixed = { .tv_sec = FIXED_TIME };

	clock_settime(CLOCK_REALTIME, &fixed);
}

#endif
