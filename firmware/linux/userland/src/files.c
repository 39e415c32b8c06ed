/*
 * `files write DIR COUNT`: COUNT files of pseudo-random contents in DIR, sizes from 0 to 32 KiB.
 * `files check DIR COUNT`: reads them back and compares each byte.
 *
 * What a file system writes depends on more than the contents: the time, the writer's process number (ext2 spreads blocks by it) and a random
 * generation number for each file. All three are set here, so that the disk's image is the same in every run.
 */
#include "workload.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"

#define MAX_SIZE 32768
/* Above what a session's processes reach, below the default limit of 4096 on a 32-bit machine with one hart. */
#define WRITER_PID 4000

/* The sizes: empty, less than a block, around block bounds, into the single indirect blocks. */
static size_t size_of(uint32_t file)
{
	static const size_t sizes[] = { 0, 1, 511, 1024, 1025, 4095, 4097, 12288, 12289, 20000, MAX_SIZE };

	return sizes[file % (sizeof sizes / sizeof *sizes)];
}

static void path_of(char *path, size_t length, const char *dir, uint32_t file)
{
	if ((size_t)snprintf(path, length, "%s/file-%03lu", dir, (unsigned long)file) >= length) {
		errno = ENAMETOOLONG;
		fail(dir);
	}
}

static void write_file(const char *path, const uint8_t *data, size_t size, uint32_t generation)
{
	size_t done = 0;
	int fd;

	set_clock();
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd < 0)
		fail(path);
	/* Other file systems than ext2 may have no such number. */
	if (ioctl(fd, FS_IOC_SETVERSION, &generation) < 0 && errno != ENOTTY)
		fail(path);
	/* In pieces, as programs write. */
	while (done < size) {
		size_t piece = size - done < 3000 ? size - done : 3000;
		ssize_t written = write(fd, data + done, piece);

		if (written < 0)
			fail(path);
		done += written;
	}
	if (fsync(fd) < 0 || close(fd) < 0)
		fail(path);
}

/* The number of bytes of the file that are not as they were written, or all of them if the size is another. */
static size_t wrong_bytes(const char *path, const uint8_t *data, size_t size)
{
	static uint8_t got[MAX_SIZE + 1];
	size_t have = 0, wrong = 0;
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		fail(path);
	while (have < sizeof got) {
		ssize_t more = read(fd, got + have, sizeof got - have);

		if (more < 0)
			fail(path);
		if (more == 0)
			break;
		have += more;
	}
	close(fd);
	if (have != size)
		return have > size ? have : size;
	for (size_t i = 0; i < size; i++)
		wrong += got[i] != data[i];
	return wrong;
}

static int write_all(const char *dir, uint32_t count, uint8_t *data)
{
	uint32_t checksum = 0;
	size_t bytes = 0;

	for (uint32_t file = 0; file < count; file++) {
		char path[256];
		size_t size = size_of(file);

		path_of(path, sizeof path, dir, file);
		fill(data, size, file);
		write_file(path, data, size, file);
		checksum = crc32(checksum, data, size);
		bytes += size;
	}
	printf("files: %lu written, %zu bytes, checksum %08lx\n", (unsigned long)count, bytes, (unsigned long)checksum);
	return 0;
}

static int check_all(const char *dir, uint32_t count, uint8_t *data)
{
	uint32_t wrong = 0;

	for (uint32_t file = 0; file < count; file++) {
		char path[256];
		size_t size = size_of(file), bytes;

		path_of(path, sizeof path, dir, file);
		fill(data, size, file);
		bytes = wrong_bytes(path, data, size);
		if (bytes) {
			printf("files: %s: %zu wrong bytes\n", path, bytes);
			wrong++;
		}
	}
	printf("files: %lu read back, %lu wrong\n", (unsigned long)count, (unsigned long)wrong);
	return wrong != 0;
}

/* Goes on in a child with the number WRITER_PID; the parent ends with the child's status. */
static void become_writer(void)
{
	const pid_t number = WRITER_PID;
	struct clone_args arguments = {
		.exit_signal = SIGCHLD,
		.set_tid = (uintptr_t)&number,
		.set_tid_size = 1,
	};
	long child = syscall(SYS_clone3, &arguments, sizeof arguments);
	int status;

	if (child < 0)
		fail("clone3");
	if (child == 0)
		return;
	if (waitpid(child, &status, 0) < 0)
		fail("waitpid");
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

int files_main(int argc, char **argv)
{
	static uint8_t data[MAX_SIZE];
	uint32_t count;

	if (argc != 3)
		return 2;
	count = number(argv[2], 1000);
	if (strcmp(argv[0], "check") == 0)
		return check_all(argv[1], count, data);
	if (strcmp(argv[0], "write") != 0)
		return 2;
	become_writer();
	return write_all(argv[1], count, data);
}
