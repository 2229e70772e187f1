/*
 * What a call costs in a directory: run once beside the mount and once in it.
 *
 *   measure DIRECTORY
 */
#define _GNU_SOURCE 1
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int compare(const void *a, const void *b)
{
	double d = *(const double *)a - *(const double *)b;
	return d < 0 ? -1 : d > 0;
}

static void report(const char *what, double *took, int count, double total)
{
	qsort(took, (size_t)count, sizeof(*took), compare);
	printf("%-28s median %7.1f us  p99 %8.1f us  %9.0f /s\n", what, took[count / 2] * 1e6, took[count * 99 / 100] * 1e6,
	       count / total);
}

#define TIMES(what, count, call)                        \
	do {                                            \
		double all = now();                     \
		for (int i = 0; i < (count); i++) {     \
			double began = now();           \
			if ((call) < 0) {               \
				perror(what);           \
				exit(1);                \
			}                               \
			took[i] = now() - began;        \
		}                                       \
		report(what, took, count, now() - all); \
	} while (0)

static char name[64];
static const char *numbered(int i)
{
	snprintf(name, sizeof(name), "f%06d", i);
	return name;
}

static int create(int i)
{
	int fd = open(numbered(i), O_WRONLY | O_CREAT | O_EXCL, 0644);
	return fd < 0 ? fd : close(fd);
}

int main(int argc, char **argv)
{
	static double took[200000];
	static char block[4096], large[1 << 20];
	struct stat st;
	if (argc != 2 || chdir(argv[1]) != 0)
		return 2;
	memset(block, 'x', sizeof(block));
	int fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0644);
	TIMES("write 4 KiB, over and over", 50000, pwrite(fd, block, sizeof(block), (off_t)(i % 4096) * 4096));
	TIMES("read 4 KiB, cached", 50000, pread(fd, block, sizeof(block), (off_t)(i % 4096) * 4096));
	TIMES("write 4 KiB + fdatasync", 300, pwrite(fd, block, sizeof(block), 0) < 0 ? -1 : fdatasync(fd));
	TIMES("write 1 MiB, sequential", 256, pwrite(fd, large, sizeof(large), (off_t)i << 20));
	TIMES("create and close", 20000, create(i));
	TIMES("stat, warm", 20000, stat(numbered(i), &st));
	TIMES("unlink", 20000, unlink(numbered(i)));
	close(fd);
	return unlink("file");
}
