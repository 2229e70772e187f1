/*
 * probe: what has to be done or seen with less delay than a scripting language adds.
 *
 *   probe latency SOURCE TARGET COUNT GAP-MS LIMIT-MS [PREFIX]   makes files of 4 KiB one by one; a line a file: ns from written to equal
 *   probe burst SOURCE TARGET COUNT BYTES LIMIT-MS               makes COUNT files, 100 a directory; waits until all are equal
 *   probe patch FILE TARGET-FILE OFFSET SEED LIMIT-MS            overwrites 4 KiB in place; waits until they are on the target
 *   probe await-file FILE SIZE MTIME-S LIMIT-MS                  waits until the file has this size and modification time
 *   probe cost DIR BYTES SECONDS                                 what file operations cost in DIR
 *
 * In: folders. Out: figures on stdout, JSON but for `latency`. Promised: every wait ends; -1 stands for "not within the limit".
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { SMALL = 4096, PER_DIRECTORY = 100 };

__attribute__((noreturn)) static void fail(const char *what) {
  fprintf(stderr, "probe: %s: %s\n", what, strerror(errno));
  exit(2);
}

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void nap(int64_t ns) {
  struct timespec time = {ns / 1000000000, (long)(ns % 1000000000)};
  nanosleep(&time, NULL);
}

/* Content that no tool can compress or guess, and that the reader can make again instead of reading the source. */
static void fill(unsigned char *into, size_t length, uint64_t seed) {
  uint64_t state = seed * 0x9e3779b97f4a7c15ull + 0x2545f4914f6cdd1dull;
  for (size_t i = 0; i < length; i += 8) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    uint64_t word = state * 0x9e3779b97f4a7c15ull;
    memcpy(into + i, &word, length - i < 8 ? length - i : 8);
  }
}

static unsigned char expected[1 << 20], found[1 << 20];

static void make(const char *path, size_t length) {
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
  if (fd < 0 || write(fd, expected, length) != (ssize_t)length || close(fd) < 0) fail(path);
}

/* Opened anew each time: tools that rename a finished copy into place show nothing through an old descriptor. */
static int equals(const char *path, off_t offset, size_t length) {
  int fd = open(path, O_RDONLY | O_NOATIME);
  if (fd < 0) return 0;
  ssize_t count = pread(fd, found, length, offset);
  close(fd);
  return count == (ssize_t)length && memcmp(found, expected, length) == 0;
}

/* Naps grow with the wait, to 2 %, so that a slow tool does not pay for our looking and a fast one is seen at once. */
static int64_t await(const char *path, off_t offset, size_t length, int64_t since, int64_t limit_ns) {
  for (;;) {
    int equal = equals(path, offset, length);
    int64_t waited = now_ns() - since;
    if (equal) return waited;
    if (waited > limit_ns) return -1;
    int64_t pause = waited / 50;
    nap(pause < 50000 ? 50000 : pause > 20000000 ? 20000000 : pause);
  }
}

static int latency(char **v, int count) {
  char path[4096], replica[4096];
  const char *prefix = count > 7 ? v[7] : "latency";
  long samples = atol(v[4]), gap = atol(v[5]);
  for (long i = 0; i < samples; i += 1) {
    snprintf(path, sizeof path, "%s/%s-%06ld", v[2], prefix, i);
    snprintf(replica, sizeof replica, "%s/%s-%06ld", v[3], prefix, i);
    fill(expected, SMALL, (uint64_t)(now_ns() + i));
    make(path, SMALL);
    int64_t took = await(replica, 0, SMALL, now_ns(), atol(v[6]) * 1000000);
    printf("%lld\n", (long long)took);
    fflush(stdout);
    if (took < 0) return 1;
    nap(gap * 1000000 + (now_ns() % 1000) * 1000);
  }
  return 0;
}

static void burst_path(char *into, size_t size, const char *root, long i) {
  snprintf(into, size, "%s/d%05ld/f%07ld", root, i / PER_DIRECTORY, i);
}

static int burst(char **v) {
  char path[4096];
  long files = atol(v[4]);
  size_t bytes = (size_t)atol(v[5]);
  int64_t limit = atol(v[6]) * 1000000, begun = now_ns();
  if (bytes > sizeof expected) fail("BYTES is too large");
  for (long i = 0; i < files; i += 1) {
    if (i % PER_DIRECTORY == 0) {
      snprintf(path, sizeof path, "%s/d%05ld", v[2], i / PER_DIRECTORY);
      if (mkdir(path, 0755) < 0) fail(path);
    }
    fill(expected, bytes, (uint64_t)i);
    burst_path(path, sizeof path, v[2], i);
    make(path, bytes);
  }
  int64_t written = now_ns() - begun, equal = 0;
  for (long i = 0; i < files; i += 1) {
    burst_path(path, sizeof path, v[3], i);
    fill(expected, bytes, (uint64_t)i);
    while (!equals(path, 0, bytes)) {
      if (now_ns() - begun > limit) {
        printf("{\"writtenNs\":%lld,\"equalNs\":-1,\"reached\":%ld}\n", (long long)written, i);
        return 1;
      }
      nap(2000000);
    }
  }
  equal = now_ns() - begun;
  printf("{\"writtenNs\":%lld,\"equalNs\":%lld,\"reached\":%ld}\n", (long long)written, (long long)equal, files);
  return 0;
}

static int patch(char **v) {
  off_t offset = (off_t)atoll(v[4]);
  fill(expected, SMALL, (uint64_t)atoll(v[5]));
  int fd = open(v[2], O_WRONLY);
  if (fd < 0 || pwrite(fd, expected, SMALL, offset) != SMALL || close(fd) < 0) fail(v[2]);
  int64_t took = await(v[3], offset, SMALL, now_ns(), atol(v[6]) * 1000000);
  printf("{\"equalNs\":%lld}\n", (long long)took);
  return took < 0;
}

static int await_file(char **v) {
  int64_t begun = now_ns(), limit = atol(v[5]) * 1000000, first = -1;
  long long size = atoll(v[3]), mtime = atoll(v[4]);
  for (struct stat s; now_ns() - begun < limit; nap(5000000)) {
    if (stat(v[2], &s) < 0) continue;
    if (first < 0 && s.st_blocks > 0) first = now_ns() - begun;
    if (s.st_size != size || (long long)s.st_mtim.tv_sec != mtime) continue;
    printf("{\"firstNs\":%lld,\"equalNs\":%lld}\n", (long long)first, (long long)(now_ns() - begun));
    return 0;
  }
  printf("{\"firstNs\":%lld,\"equalNs\":-1}\n", (long long)first);
  return 1;
}

/* ------------------------------------------------------------------------------------------------------------ cost */

static const char *directory;
static char name[4096];

static const char *in_directory(const char *what, long number) {
  snprintf(name, sizeof name, "%s/%s-%06ld", directory, what, number);
  return name;
}

/* Calls `once` until the time is over; ns a call. */
static double each(double seconds, void (*once)(int fd, long i), int fd) {
  int64_t begun = now_ns(), end = begun + (int64_t)(seconds * 1e9);
  long calls = 0;
  while (now_ns() < end)
    for (int i = 0; i < 16; i += 1) once(fd, calls++);
  return (double)(now_ns() - begun) / (double)calls;
}

static void write_small(int fd, long i) {
  if (pwrite(fd, expected, SMALL, (i % 4096) * SMALL) != SMALL) fail("pwrite");
}
static void write_synced(int fd, long i) {
  write_small(fd, i);
  if (fdatasync(fd) < 0) fail("fdatasync");
}
static void read_small(int fd, long i) {
  if (pread(fd, found, SMALL, (i % 4096) * SMALL) != SMALL) fail("pread");
}
static void stat_warm(int fd, long i) {
  struct stat s;
  (void)fd;
  if (stat(in_directory("stat", i % 100), &s) < 0) fail(name);
}
static void create_small(int fd, long i) {
  (void)fd;
  make(in_directory("new", i), SMALL);
}

static double sequential(int fd, int64_t bytes, int synced) {
  int64_t begun = now_ns();
  for (int64_t at = 0; at < bytes; at += (int64_t)sizeof expected)
    if (pwrite(fd, expected, sizeof expected, at) != (ssize_t)sizeof expected) fail("pwrite");
  if (synced && fsync(fd) < 0) fail("fsync");
  return (double)bytes / 1e6 / ((double)(now_ns() - begun) / 1e9);
}

static int cost(char **v) {
  directory = v[2];
  int64_t bytes = atoll(v[3]);
  double seconds = atof(v[4]);
  fill(expected, sizeof expected, 1);
  int fd = open(in_directory("data", 0), O_RDWR | O_CREAT | O_TRUNC, 0644);
  if (fd < 0) fail(name);
  for (int i = 0; i < 16; i += 1)
    if (write(fd, expected, sizeof expected) != (ssize_t)sizeof expected) fail("write");
  for (long i = 0; i < 100; i += 1) make(in_directory("stat", i), 16);
  printf("{\"writeNs\":%.0f", each(seconds, write_small, fd));
  printf(",\"syncedNs\":%.0f", each(seconds, write_synced, fd));
  printf(",\"readNs\":%.0f", each(seconds, read_small, fd));
  printf(",\"statNs\":%.0f", each(seconds, stat_warm, -1));
  printf(",\"createNs\":%.0f", each(seconds, create_small, -1));
  close(fd);
  if ((fd = open(in_directory("long", 0), O_RDWR | O_CREAT | O_TRUNC, 0644)) < 0) fail(name);
  printf(",\"sequentialMBs\":%.1f", sequential(fd, bytes, 0));
  printf(",\"sequentialSyncedMBs\":%.1f}\n", sequential(fd, bytes, 1));
  return 0;
}

int main(int count, char **v) {
  prctl(PR_SET_TIMERSLACK, 1000);
  const char *what = count > 1 ? v[1] : "";
  if (strcmp(what, "latency") == 0 && count >= 7) return latency(v, count);
  if (strcmp(what, "burst") == 0 && count == 7) return burst(v);
  if (strcmp(what, "patch") == 0 && count == 7) return patch(v);
  if (strcmp(what, "await-file") == 0 && count == 6) return await_file(v);
  if (strcmp(what, "cost") == 0 && count == 5) return cost(v);
  fprintf(stderr, "usage: see the head of probe.c\n");
  return 2;
}
