/*
 * ledger FILE NAME: goes on with the numbers of a ledger, a line `NUMBER NAME` each, and says a number once its line is on the disk (fsync).
 * Ends on SIGTERM, and, with `EROFS`, when nothing more may be written.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t ended;

static void end(int signal)
{
	(void)signal;
	ended = 1;
}

/* The number of the last line; 0: there is none. */
static unsigned long last_of(int fd)
{
	char tail[257];
	off_t size = lseek(fd, 0, SEEK_END);
	off_t from = size > 256 ? size - 256 : 0;
	ssize_t got = size <= 0 ? 0 : pread(fd, tail, 256, from);
	if (got <= 0)
		return 0;
	tail[got] = 0;
	if (tail[got - 1] == '\n')
		tail[got - 1] = 0;
	char *line = strrchr(tail, '\n');
	return strtoul(line == NULL ? tail : line + 1, NULL, 10);
}

int main(int argc, char **argv)
{
	const struct timespec pace = { 0, 3000000 };
	struct sigaction action = { .sa_handler = end };
	if (argc != 3)
		return 2;
	sigaction(SIGTERM, &action, NULL);
	int fd = open(argv[1], O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0) {
		perror(argv[1]);
		return 1;
	}
	for (unsigned long n = last_of(fd) + 1; !ended; n++, nanosleep(&pace, NULL)) {
		char line[128];
		int length = snprintf(line, sizeof(line), "%lu %s\n", n, argv[2]);
		if (write(fd, line, (size_t)length) != length || fsync(fd) != 0) {
			if (errno != EROFS) {
				perror(argv[1]);
				return 1;
			}
			puts("EROFS");
			return 0;
		}
		printf("%lu\n", n);
		fflush(stdout);
	}
	return 0;
}
