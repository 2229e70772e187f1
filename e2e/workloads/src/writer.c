/*
 * writer FILE: appends a line every few milliseconds and says of each answer when it was there: `ok NANOSECONDS`, on CLOCK_BOOTTIME.
 * An error is said once, `EROFS NANOSECONDS`, and tried again. Ends on SIGTERM.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t ended;

static void end(int signal)
{
	(void)signal;
	ended = 1;
}

static unsigned long long boot_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_BOOTTIME, &now);
	return (unsigned long long)now.tv_sec * 1000000000ull + (unsigned long long)now.tv_nsec;
}

int main(int argc, char **argv)
{
	const struct timespec pace = { 0, 3000000 };
	struct sigaction action = { .sa_handler = end };
	int fd = -1, last = 0;
	if (argc != 2)
		return 2;
	sigaction(SIGTERM, &action, NULL);
	for (unsigned long n = 0; !ended; nanosleep(&pace, NULL)) {
		char line[64];
		if (fd < 0)
			fd = open(argv[1], O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
		int length = snprintf(line, sizeof(line), "%lu\n", ++n);
		int error = fd < 0 || write(fd, line, (size_t)length) != length ? errno : 0;
		if (error == 0)
			printf("ok %llu\n", boot_now());
		else if (error != last)
			printf("%s %llu\n", strerrorname_np(error), boot_now());
		last = error;
		fflush(stdout);
	}
	return 0;
}
