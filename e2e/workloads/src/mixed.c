/*
 * mixed DIR [--pace-us N]: six applications at once that check every byte and every name they wrote, under whatever happens to the
 * processes beneath them: an appender, a random writer, a mapper, a user of open-unlinked files, a saver (write, fsync, rename) and
 * a maker of names. Runs until SIGTERM; a line with the operations done every 200 ms; last line JSON {operations, worstMs, worstCall,
 * changes, changedBytes}: how many calls changed something, and the bytes they were given; of stores through the mapping the different
 * 4 KiB pages between two calls of msync.
 * Exit 1 with call and errno at the first thing that is not as it was written.
 */
#include "check.h"
#include <dirent.h>

enum { KINDS = 6, NAMES = 64, PAGE = 4096 };

typedef struct {
  volatile long operations, changes, changed_bytes;
  volatile double worst_ms;
  /* A literal: at the same address in the parent, which prints it. */
  const char *volatile worst_call;
} Tally;

static Tally *tally;
static useconds_t pace = 500;

static void note(const char *call, double began) {
  double took = now_ms() - began;
  tally->operations += 1;
  if (took > tally->worst_ms) {
    tally->worst_ms = took;
    tally->worst_call = call;
  }
}

/** A call that must succeed, timed: the longest is the pause that an application saw. */
#define TIMED(call)                                   \
  ({                                                  \
    double began_ = now_ms();                         \
    long result_ = must_result((long)(call), #call);  \
    note(#call, began_);                              \
    result_;                                          \
  })

/** A call that changes something, of how many bytes of content. */
static void counted(size_t bytes) {
  tally->changes += 1;
  tally->changed_bytes += (long)bytes;
}

static void breathe(void) {
  if (pace > 0) usleep(pace);
}

static void check_bytes(int fd, const unsigned char *expected, size_t length, off_t at) {
  static unsigned char back[1 << 20];
  long got = TIMED(pread(fd, back, length, at));
  if (got != (long)length) fail_text("read %ld of %zu bytes at %ld", got, length, (long)at);
  for (size_t i = 0; i < length; i += 1)
    if (back[i] != expected[i]) fail_text("byte %ld reads %02x, written was %02x", (long)at + (long)i, back[i], expected[i]);
}

static void append_lines(int dir) {
  scene = "the appender";
  unsigned char line[96];
  for (long round = 0; !stopping; round += 1) {
    char name[32];
    snprintf(name, sizeof name, "log-%ld", round % 3);
    int fd = (int)TIMED(openat(dir, name, O_RDWR | O_CREAT | O_APPEND | O_TRUNC, 0644));
    counted(0);
    for (long i = 0; i < 400 && !stopping; i += 1) {
      snprintf((char *)line, sizeof line, "%010ld %010ld the appender was here, in order....\n", round, i);
      size_t length = strlen((char *)line);
      if (TIMED(write(fd, line, length)) != (long)length) fail_text("a short append");
      counted(length);
      if (i % 16 == 0) TIMED(fdatasync(fd));
      check_bytes(fd, line, length, (off_t)(i * (long)length));
      breathe();
    }
    TIMED(close(fd));
  }
}

static void write_anywhere(int dir) {
  scene = "the random writer";
  enum { SIZE = 1 << 20 };
  static unsigned char model[SIZE];
  Random dice = random_from(77);
  int fd = (int)TIMED(openat(dir, "anywhere", O_RDWR | O_CREAT | O_TRUNC, 0644));
  TIMED(ftruncate(fd, SIZE));
  counted(0);
  counted(0);
  for (long i = 0; !stopping; i += 1) {
    size_t length = 1 + random_below(&dice, 16384), at = random_below(&dice, (unsigned)(SIZE - length));
    fill(model + at, length, (uint64_t)i);
    if (TIMED(pwrite(fd, model + at, length, (off_t)at)) != (long)length) fail_text("a short write");
    counted(length);
    if (i % 32 == 0) TIMED(fsync(fd));
    if (i % 8 == 0) check_bytes(fd, model, SIZE, 0);
    breathe();
  }
  check_bytes(fd, model, SIZE, 0);
  TIMED(close(fd));
}

/** Each page is written back as a call of its own. */
static void count_pages(char *stored, size_t pages) {
  for (size_t i = 0; i < pages; i += 1)
    if (stored[i]) counted(PAGE);
  memset(stored, 0, pages);
}

static void store_through_a_map(int dir) {
  scene = "the mapper";
  enum { SIZE = 1 << 18 };
  static unsigned char model[SIZE];
  static char stored[SIZE / PAGE];
  Random dice = random_from(99);
  int fd = (int)TIMED(openat(dir, "mapped", O_RDWR | O_CREAT | O_TRUNC, 0644));
  TIMED(ftruncate(fd, SIZE));
  while (!stopping) {
    unsigned char *map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) fail_call("mmap", errno);
    for (int i = 0; i < 50 && !stopping; i += 1) {
      size_t length = 1 + random_below(&dice, 6000), at = random_below(&dice, (unsigned)(SIZE - length));
      fill(model + at, length, random_next(&dice));
      memcpy(map + at, model + at, length);
      memset(stored + at / PAGE, 1, (at + length - 1) / PAGE - at / PAGE + 1);
      if (i % 10 == 9) {
        TIMED(msync(map, SIZE, MS_SYNC));
        count_pages(stored, SIZE / PAGE);
      }
      if (memcmp(map, model, SIZE) != 0) fail_text("the mapping does not hold what was stored");
      breathe();
    }
    TIMED(munmap(map, SIZE));
    check_bytes(fd, model, SIZE, 0);
  }
  TIMED(fsync(fd));
  count_pages(stored, SIZE / PAGE);
  TIMED(close(fd));
}

static void use_unlinked(int dir) {
  scene = "the user of unlinked files";
  static unsigned char model[40000];
  for (long i = 0; !stopping; i += 1) {
    char name[32];
    snprintf(name, sizeof name, "soon-gone-%ld", i % 5);
    int fd = (int)TIMED(openat(dir, name, O_RDWR | O_CREAT | O_EXCL, 0600));
    counted(0);
    fill(model, sizeof model, (uint64_t)i);
    if (TIMED(write(fd, model, 20000)) != 20000) fail_text("a short write");
    counted(20000);
    TIMED(unlinkat(dir, name, 0));
    counted(0);
    for (int turn = 0; turn < 10; turn += 1) {
      if (TIMED(pwrite(fd, model + 20000 + turn * 2000, 2000, 20000 + turn * 2000)) != 2000) fail_text("a short write");
      counted(2000);
      breathe();
    }
    check_bytes(fd, model, sizeof model, 0);
    struct stat now;
    TIMED(fstat(fd, &now));
    if (now.st_nlink != 0 || now.st_size != sizeof model) fail_text("an unlinked file has %lu links, %ld bytes", (unsigned long)now.st_nlink, (long)now.st_size);
    TIMED(close(fd));
  }
}

static void save_files(int dir) {
  scene = "the saver";
  static unsigned char model[30000];
  for (long i = 0; !stopping; i += 1) {
    char name[32];
    snprintf(name, sizeof name, "document-%ld", i % 20);
    fill(model, sizeof model, (uint64_t)i * 3);
    int fd = (int)TIMED(openat(dir, ".saving", O_WRONLY | O_CREAT | O_EXCL, 0644));
    if (TIMED(write(fd, model, sizeof model)) != (long)sizeof model) fail_text("a short write");
    counted(0);
    counted(sizeof model);
    if (i % 4 == 0) TIMED(fsync(fd));
    TIMED(close(fd));
    TIMED(renameat(dir, ".saving", dir, name));
    counted(0);
    fd = (int)TIMED(openat(dir, name, O_RDONLY));
    check_bytes(fd, model, sizeof model, 0);
    TIMED(close(fd));
    breathe();
  }
}

static void expect_listing(int dir, const char *present) {
  char seen[NAMES] = {0};
  DIR *stream = fdopendir((int)TIMED(openat(dir, ".", O_RDONLY | O_DIRECTORY)));
  if (stream == NULL) fail_call("fdopendir", errno);
  errno = 0;
  for (struct dirent *entry; (entry = readdir(stream)) != NULL; errno = 0) {
    int number = -1;
    if (sscanf(entry->d_name, "n%d", &number) == 1 && number >= 0 && number < NAMES) seen[number] = 1;
  }
  if (errno != 0) fail_call("readdir", errno);
  closedir(stream);
  for (int i = 0; i < NAMES; i += 1)
    if ((seen[i] != 0) != (present[i] != 0)) fail_text("n%d is %s the listing", i, seen[i] ? "wrongly in" : "missing from");
}

static void make_names(int parent) {
  scene = "the maker of names";
  char present[NAMES] = {0};
  Random dice = random_from(5);
  MUST(mkdirat(parent, "names", 0755));
  int dir = (int)TIMED(openat(parent, "names", O_RDONLY | O_DIRECTORY));
  for (long i = 0; !stopping; i += 1) {
    int one = (int)random_below(&dice, NAMES), other = (int)random_below(&dice, NAMES);
    char name[16], second[16];
    snprintf(name, sizeof name, "n%d", one);
    snprintf(second, sizeof second, "n%d", other);
    if (!present[one]) {
      if (i % 3 == 0) TIMED(mkdirat(dir, name, 0755));
      else TIMED(close((int)TIMED(openat(dir, name, O_WRONLY | O_CREAT | O_EXCL, 0644))));
      present[one] = i % 3 == 0 ? 2 : 1;
    } else if (!present[other]) {
      TIMED(renameat(dir, name, dir, second));
      present[other] = present[one];
      present[one] = 0;
    } else {
      TIMED(unlinkat(dir, name, present[one] == 2 ? AT_REMOVEDIR : 0));
      present[one] = 0;
    }
    counted(0);
    if (i % 50 == 0) expect_listing(dir, present);
    breathe();
  }
  expect_listing(dir, present);
}

static void (*const kinds[KINDS])(int) = {append_lines, write_anywhere, store_through_a_map, use_unlinked, save_files, make_names};

static int wait_for_all(Tally *all, const pid_t *children) {
  int failed = 0, left = KINDS;
  while (left > 0) {
    int status = 0;
    pid_t ended = waitpid(-1, &status, WNOHANG);
    if (ended > 0) {
      left -= 1;
      failed |= !WIFEXITED(status) || WEXITSTATUS(status) != 0;
      if (failed) stopping = 1;
    } else {
      long operations = 0;
      for (int i = 0; i < KINDS; i += 1) operations += all[i].operations;
      printf("%ld\n", operations);
      fflush(stdout);
      usleep(200000);
    }
    for (int i = 0; stopping && i < KINDS; i += 1) kill(children[i], SIGTERM);
  }
  return failed;
}

int main(int count, char **values) {
  if (count < 2) {
    fprintf(stderr, "usage: mixed DIR [--pace-us N]\n");
    return 2;
  }
  stop_on_sigterm();
  pace = (useconds_t)option_number(count, values, "--pace-us", 500);
  Tally *all = mmap(NULL, sizeof(Tally) * KINDS, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (all == MAP_FAILED) fail_call("mmap", errno);
  int dir = (int)MUST(open(values[1], O_RDONLY | O_DIRECTORY));
  pid_t children[KINDS];
  for (int i = 0; i < KINDS; i += 1) {
    children[i] = (pid_t)MUST(fork());
    if (children[i] == 0) {
      tally = &all[i];
      kinds[i](dir);
      _exit(0);
    }
  }
  int failed = wait_for_all(all, children);
  long operations = 0, changes = 0, changed_bytes = 0;
  const Tally *worst = &all[0];
  for (int i = 0; i < KINDS; i += 1) {
    operations += all[i].operations;
    changes += all[i].changes;
    changed_bytes += all[i].changed_bytes;
    if (all[i].worst_ms > worst->worst_ms) worst = &all[i];
  }
  if (worst->worst_call == NULL) return 1;
  printf("{\"operations\":%ld,\"worstMs\":%.1f,\"worstCall\":\"%.*s\",\"changes\":%ld,\"changedBytes\":%ld}\n", operations,
         worst->worst_ms, (int)strcspn(worst->worst_call, "("), worst->worst_call, changes, changed_bytes);
  return failed;
}
