/*
 * What an application does, as hard as it can, for so many seconds, checking every answer: an error or a wrong byte ends it
 * with a sentence and exit 1. Run in a protected directory while its servers are killed.
 *
 *   torture DIRECTORY SECONDS
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

static double end_at;
static double worst;

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fail(const char *what, const char *name)
{
	int error = errno;
	fprintf(stderr, "%s %s: %s\n", what, name, strerror(error));
	exit(1);
}

#define MUST(call, name)                    \
	do {                                \
		double began = now();       \
		if ((call) < 0)             \
			fail(#call, name);  \
		double took = now() - began; \
		if (took > worst)           \
			worst = took;       \
	} while (0)

static void expect(int condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "wrong: %s\n", what);
	exit(1);
}

/* One descriptor, O_APPEND, its size known at every moment; two writers share the file. */
static void appender(int id)
{
	char name[64], line[128], back[128];
	snprintf(name, sizeof(name), "log%d", id);
	int fd;
	MUST(fd = open(name, O_RDWR | O_CREAT | O_APPEND, 0644), name);
	off_t size = 0;
	for (int i = 0; now() < end_at; i++) {
		int length = snprintf(line, sizeof(line), "writer %d line %d\n", id, i);
		ssize_t n;
		MUST(n = write(fd, line, (size_t)length), name);
		expect(n == length, "a short append");
		size += n;
		if (i % 50 == 0) {
			struct stat st;
			MUST(fstat(fd, &st), name);
			expect(st.st_size == size, "the size after an append");
			MUST(n = pread(fd, back, (size_t)length, size - length), name);
			expect(n == length && memcmp(back, line, (size_t)length) == 0, "what was appended");
		}
		if (i % 400 == 399)
			MUST(fdatasync(fd), name);
	}
	close(fd);
}

static void name_storm(int id)
{
	char a[128], b[128], c[128], dir[32];
	snprintf(dir, sizeof(dir), "names%d", id);
	MUST(mkdir(dir, 0755), dir);
	for (int i = 0; now() < end_at; i++) {
		struct stat st;
		snprintf(a, sizeof(a), "%s/a%d", dir, i);
		snprintf(b, sizeof(b), "%s/b%d", dir, i % 7);
		snprintf(c, sizeof(c), "%s/c%d", dir, i % 5);
		int fd;
		MUST(fd = open(a, O_WRONLY | O_CREAT | O_EXCL, 0600), a);
		MUST(write(fd, a, strlen(a)), a);
		close(fd);
		MUST(rename(a, b), b);
		expect(stat(a, &st) < 0 && errno == ENOENT, "the old name after a rename");
		MUST(stat(b, &st), b);
		expect((size_t)st.st_size == strlen(a), "the renamed file");
		if (i % 3 == 0) {
			(void)unlink(c);
			MUST(link(b, c), c);
		}
		if (i % 5 == 0)
			MUST(renameat2(AT_FDCWD, b, AT_FDCWD, c, stat(c, &st) == 0 ? RENAME_EXCHANGE : 0), c);
		if (i % 11 == 0) {
			snprintf(a, sizeof(a), "%s/d%d", dir, i);
			MUST(mkdir(a, 0700), a);
			expect(mkdir(a, 0700) < 0 && errno == EEXIST, "a directory made twice");
			MUST(rmdir(a), a);
			expect(rmdir(a) < 0 && errno == ENOENT, "a directory removed twice");
			MUST(symlink(b, a), a);
			MUST(unlink(a), a);
		}
	}
}

static void nameless(void)
{
	char name[64], block[4096], back[4096];
	for (int i = 0; now() < end_at; i++) {
		int fd;
		snprintf(name, sizeof(name), "ghost%d", i % 3);
		MUST(fd = i % 4 == 0 ? open(".", O_RDWR | O_TMPFILE, 0600) : open(name, O_RDWR | O_CREAT | O_EXCL, 0600), name);
		memset(block, i & 0xff, sizeof(block));
		MUST(pwrite(fd, block, sizeof(block), 0), name);
		if (i % 4 != 0)
			MUST(unlink(name), name);
		for (int k = 1; k < 20 && now() < end_at; k++) {
			MUST(pwrite(fd, block, sizeof(block), k * 4096), name);
			MUST(pread(fd, back, sizeof(back), (k - 1) * 4096), name);
			expect(memcmp(block, back, sizeof(block)) == 0, "a file without a name");
			usleep(500);
		}
		struct stat st;
		MUST(fstat(fd, &st), name);
		expect(st.st_nlink == 0, "links of a file without a name");
		close(fd);
	}
}

static void mapper(void)
{
	enum { SIZE = 64 * 4096 };
	int fd;
	MUST(fd = open("mapped", O_RDWR | O_CREAT, 0644), "mapped");
	MUST(ftruncate(fd, SIZE), "mapped");
	uint32_t *at = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	expect(at != MAP_FAILED, "mmap");
	for (uint32_t i = 0; now() < end_at; i++) {
		at[(i * 2654435761u) % (SIZE / 4)] = i;
		if (i % 64 == 0)
			MUST(msync(at, SIZE, MS_SYNC), "mapped");
		if (i % 640 == 0)
			usleep(1000);
	}
	MUST(msync(at, SIZE, MS_SYNC), "mapped");
	munmap(at, SIZE);
	close(fd);
}

/* Past the page cache, and through it on the same descriptor: write-back finds only a handle with O_DIRECT. */
static void direct(void)
{
	enum { SIZE = 32 * 4096 };
	int fd;
	char *block = aligned_alloc(4096, 4096), *back = aligned_alloc(4096, 4096);
	MUST(fd = open("direct", O_RDWR | O_CREAT | O_DIRECT, 0644), "direct");
	MUST(ftruncate(fd, SIZE), "direct");
	char *at = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	expect(at != MAP_FAILED, "mmap of a direct file");
	for (int i = 0; now() < end_at; i++) {
		off_t where = (off_t)(i * 7 % 16) * 4096;
		memset(block, 'a' + i % 26, 4096);
		MUST(pwrite(fd, block, 4096, where), "direct");
		MUST(pread(fd, back, 4096, where), "direct");
		expect(memcmp(block, back, 4096) == 0, "what was written past the cache");
		expect(at[where] == block[0], "what a mapping sees of it");
		if (i % 8 == 0) {
			at[16 * 4096 + i % (16 * 4096)] = (char)i;
			MUST(msync(at, SIZE, MS_SYNC), "direct");
		}
	}
	munmap(at, SIZE);
	close(fd);
}

static void attributes(void)
{
	int fd;
	MUST(fd = open("attr", O_RDWR | O_CREAT, 0644), "attr");
	for (int i = 0; now() < end_at; i++) {
		struct stat st;
		char value[32], back[32];
		mode_t mode = (mode_t)(0600 | (i & 077));
		MUST(fchmod(fd, mode), "attr");
		MUST(fstat(fd, &st), "attr");
		expect((st.st_mode & 07777) == mode, "the mode");
		int length = snprintf(value, sizeof(value), "value %d", i);
		MUST(fsetxattr(fd, "user.test", value, (size_t)length, 0), "attr");
		ssize_t n;
		MUST(n = fgetxattr(fd, "user.test", back, sizeof(back)), "attr");
		expect(n == length && memcmp(back, value, (size_t)length) == 0, "the attribute");
		expect(fsetxattr(fd, "user.test", value, 1, XATTR_CREATE) < 0 && errno == EEXIST, "an attribute made twice");
		MUST(fremovexattr(fd, "user.test"), "attr");
		expect(fsetxattr(fd, "user.test", value, 1, XATTR_REPLACE) < 0 && errno == ENODATA, "an attribute replaced");
		expect(fremovexattr(fd, "user.test") < 0 && errno == ENODATA, "an attribute removed twice");
		MUST(ftruncate(fd, i % 10000), "attr");
		MUST(pwrite(fd, value, (size_t)length, i % 5000), "attr");
		MUST(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, i % 3000, 512), "attr");
	}
	close(fd);
}

int main(int argc, char **argv)
{
	if (argc != 3 || chdir(argv[1]) != 0)
		return 2;
	end_at = now() + atof(argv[2]);
	for (int i = 0; i < 8; i++)
		if (fork() == 0) {
			if (i < 2)
				appender(i);
			else if (i < 4)
				name_storm(i);
			else if (i == 4)
				nameless();
			else if (i == 5)
				mapper();
			else if (i == 6)
				direct();
			else
				attributes();
			printf("%.1f\n", worst * 1000);
			exit(0);
		}
	int failed = 0, status;
	while (wait(&status) > 0)
		failed |= status != 0;
	return failed;
}
