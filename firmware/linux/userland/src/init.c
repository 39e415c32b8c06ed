/*
 * The first process: mounts what every program expects, sets up the network and the disk where there are any, runs the session that
 * the kernel command line names (`covert.run=NAME`: /etc/covert/NAME) or a shell on the console, and ends the machine.
 *
 * How it ends says how it went: power-off through SBI if the session exited with 0; else the exit device is given the status.
 * Plain system calls instead of a script: a shell would need a million instructions for the same.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/route.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"

#define ADDRESS "10.0.2.15"
#define NETMASK "255.255.255.0"
#define GATEWAY "10.0.2.2"

/* The exit device (`sifive,test0`): one 32-bit register, the status in its upper half. */
#define EXIT_DEVICE 0x100000
#define EXIT_FAIL 0x3333u

static void say(const char *text)
{
	(void)!write(STDERR_FILENO, text, strlen(text));
}

/* Says which step failed; the machine goes on, and what depends on the step will fail by itself. */
static void check(int result, const char *what)
{
	if (result < 0) {
		say("init: ");
		say(what);
		say(": ");
		say(strerror(errno));
		say("\n");
	}
}

static void mount_all(void)
{
	check(mount("proc", "/proc", "proc", 0, NULL), "/proc");
	check(mount("dev", "/dev", "devtmpfs", 0, NULL), "/dev");
	if (access("/dev/vda", F_OK) == 0) {
		set_clock();
		check(mount("/dev/vda", "/mnt", "ext2", MS_NOATIME, NULL), "/dev/vda on /mnt");
	}
}

static void set_address(struct sockaddr *where, const char *text)
{
	struct sockaddr_in address = { .sin_family = AF_INET };

	inet_aton(text, &address.sin_addr);
	memcpy(where, &address, sizeof address);
}

static void interface_up(int s, const char *name, const char *address, const char *netmask)
{
	struct ifreq request = { 0 };

	strncpy(request.ifr_name, name, IFNAMSIZ - 1);
	set_address(&request.ifr_addr, address);
	check(ioctl(s, SIOCSIFADDR, &request), name);
	set_address(&request.ifr_netmask, netmask);
	check(ioctl(s, SIOCSIFNETMASK, &request), name);
	check(ioctl(s, SIOCGIFFLAGS, &request), name);
	request.ifr_flags |= IFF_UP;
	check(ioctl(s, SIOCSIFFLAGS, &request), name);
}

static void network_up(void)
{
	struct ifreq request = { .ifr_name = "eth0" };
	struct rtentry route = { .rt_flags = RTF_UP | RTF_GATEWAY };
	int s = socket(AF_INET, SOCK_DGRAM, 0);

	check(s, "socket");
	interface_up(s, "lo", "127.0.0.1", "255.0.0.0");
	if (ioctl(s, SIOCGIFINDEX, &request) == 0) {
		interface_up(s, "eth0", ADDRESS, NETMASK);
		set_address(&route.rt_dst, "0.0.0.0");
		set_address(&route.rt_genmask, "0.0.0.0");
		set_address(&route.rt_gateway, GATEWAY);
		check(ioctl(s, SIOCADDRT, &route), "route");
	}
	close(s);
}

/* Puts the value of covert.run= into path, behind /etc/covert/; 0 if there is none. */
static int find_session(char *path, size_t size)
{
	static const char key[] = "covert.run=", dir[] = "/etc/covert/";
	char line[2048], *word;
	int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t length = read(fd, line, sizeof line - 1);

	close(fd);
	if (length < 0)
		return 0;
	line[length] = 0;
	for (word = strtok(line, " \n"); word; word = strtok(NULL, " \n")) {
		if (strncmp(word, key, strlen(key)) != 0)
			continue;
		word += strlen(key);
		if (strchr(word, '/') || sizeof dir + strlen(word) > size) {
			say("init: covert.run= takes the name of a file in /etc/covert\n");
			return 0;
		}
		strcpy(path, dir);
		strcat(path, word);
		return 1;
	}
	return 0;
}

/* Gives the shell the real terminal behind /dev/console as its controlling one: job control and Ctrl-C work only there. */
static void take_terminal(void)
{
	unsigned int device;
	int fd;

	if (ioctl(0, TIOCGDEV, &device) < 0)
		return;
	unlink("/dev/terminal");
	if (mknod("/dev/terminal", S_IFCHR | 0600, makedev(device >> 8 & 0xfff, (device & 0xff) | (device >> 12 & 0xfff00))) < 0)
		return;
	fd = open("/dev/terminal", O_RDWR);
	if (fd < 0)
		return;
	dup2(fd, 0);
	dup2(fd, 1);
	dup2(fd, 2);
	if (fd > 2)
		close(fd);
	ioctl(0, TIOCSCTTY, 0);
}

static pid_t start(const sigset_t *unblock)
{
	char session[256];
	int scripted = find_session(session, sizeof session);
	pid_t child = fork();

	if (child != 0) {
		check(child, "fork");
		return child;
	}
	sigprocmask(SIG_UNBLOCK, unblock, NULL);
	setsid();
	if (scripted) {
		execl("/bin/sh", "sh", session, (char *)NULL);
	} else {
		take_terminal();
		execl("/bin/sh", "-sh", (char *)NULL);
	}
	check(-1, "/bin/sh");
	_exit(127);
}

/* Ends the machine with a failure: the exit device if it is there, else a restart, which no run that went well asks for. */
static void no_exit_device(int signal)
{
	(void)signal;
	reboot(RB_AUTOBOOT);
	_exit(1);
}

static void finish(int status)
{
	volatile uint32_t *exit_device;
	int fd;

	/* Nothing may hold the disk; an interactive shell does not heed SIGTERM. */
	kill(-1, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		;
	/* The times in the disk's superblock are the same in every run. */
	set_clock();
	if (umount("/mnt") < 0 && errno != EINVAL) {
		check(-1, "/mnt not unmounted");
		status = status ? status : 1;
	}
	sync();
	if (status == 0)
		reboot(RB_POWER_OFF);
	signal(SIGSEGV, no_exit_device);
	signal(SIGBUS, no_exit_device);
	fd = open("/dev/mem", O_RDWR | O_SYNC);
	exit_device = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, EXIT_DEVICE);
	if (exit_device != MAP_FAILED)
		*exit_device = EXIT_FAIL | (uint32_t)status << 16;
	no_exit_device(0);
}

int main(void)
{
	sigset_t signals;
	pid_t child;
	int status;

	/* What `poweroff` and `halt`, `reboot` send to the first process, and the end of a child. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	sigaddset(&signals, SIGUSR2);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	setenv("PATH", "/bin", 1);
	setenv("HOME", "/", 1);

	mount_all();
	network_up();
	child = start(&signals);
	for (;;) {
		pid_t ended;
		int got = sigwaitinfo(&signals, NULL);

		if (got == SIGUSR1 || got == SIGUSR2)
			finish(0);
		if (got == SIGTERM)
			no_exit_device(0);
		while ((ended = waitpid(-1, &status, WNOHANG)) > 0)
			if (ended == child)
				finish(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	}
}
