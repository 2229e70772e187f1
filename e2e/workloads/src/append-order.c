/*
 * append-order DIR --seconds N [--interval-us N]: appends line N to DIR/A, then line N to DIR/B. Whoever sees B longer than A has
 * seen a state that never was. With --check it is the other side: reads B's length, then A's, as fast as it can until SIGTERM,
 * and prints JSON {samples, seen, ahead, cut, torn, wrong, last}; exit 1 where B was ahead, a line was torn or not what was written.
 *
 * cut: a length within a line that crosses a page, at exactly that page's end. The kernel copies a write a page at a time and lets
 * the length grow with each, so whoever looks just then sees the line cut there, on a bare file system as on a replica; no
 * write(2) promises otherwise. Anywhere else a line is there whole or not at all: that is torn.
 *
 * append-order DIR --bare --seconds N shows what the file system itself does: one process appends lines to DIR/bare, another looks,
 * nothing is between them; JSON {samples, crossings, cut, torn}; exit 1 where a line was torn.
 */
#include "check.h"

enum { LINE = 12 };

static int append_lines(int dir, long interval_us, long seconds) {
  scene = "appending";
  int a = (int)MUST(openat(dir, "A", O_WRONLY | O_CREAT | O_APPEND, 0644));
  int b = (int)MUST(openat(dir, "B", O_WRONLY | O_CREAT | O_APPEND, 0644));
  struct timespec next;
  clock_gettime(CLOCK_MONOTONIC, &next);
  double end = now_ms() + (double)seconds * 1e3;
  long number = 0;
  for (; now_ms() < end && !stopping; number += 1) {
    char line[32];
    HOLDS(snprintf(line, sizeof line, "%011ld\n", number) == LINE);
    MUST_MOVE(write(a, line, LINE), LINE);
    MUST_MOVE(write(b, line, LINE), LINE);
    if (number % 100 == 0) {
      printf("%ld\n", number);
      fflush(stdout);
    }
    next.tv_nsec += interval_us * 1000;
    for (; next.tv_nsec >= 1000000000; next.tv_nsec -= 1000000000) next.tv_sec += 1;
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
  }
  printf("{\"lines\":%ld}\n", number);
  return 0;
}

static long length_of(int dir, const char *name) {
  struct stat now;
  if (fstatat(dir, name, &now, 0) < 0) {
    if (errno == ENOENT) return 0;
    fail_call("fstatat", errno);
  }
  return (long)now.st_size;
}

enum seen { WHOLE, CUT, TORN };

static enum seen seen_at(long length) {
  if (length % LINE == 0) return WHOLE;
  return length % sysconf(_SC_PAGESIZE) == 0 ? CUT : TORN;
}

/** The last whole line below `length`, and what is there of the next, must carry their own numbers; 0 where they do. */
static int line_is_wrong(int dir, const char *name, long length) {
  char there[2 * LINE + 1] = "", expected[64];
  long first = length / LINE > 0 ? length / LINE - 1 : 0, bytes = length - first * LINE;
  if (length == 0) return 0;
  int fd = (int)MUST(openat(dir, name, O_RDONLY));
  MUST_MOVE(pread(fd, there, (size_t)bytes, first * LINE), bytes);
  MUST(close(fd));
  snprintf(expected, sizeof expected, "%011ld\n%011ld\n", first, first + 1);
  if (memcmp(there, expected, (size_t)bytes) == 0) return 0;
  fprintf(stderr, "%s is %ld bytes long and its last lines read", name, length);
  for (long i = 0; i < bytes; i += 1) fprintf(stderr, " %02x", (unsigned char)there[i]);
  fputc('\n', stderr);
  return 1;
}

static int watch_order(int dir) {
  scene = "checking";
  long samples = 0, ahead = 0, cut = 0, torn = 0, wrong = 0, seen = 0, b = 0;
  while (!stopping) {
    b = length_of(dir, "B");
    long a = length_of(dir, "A");
    cut += (seen_at(a) == CUT) + (seen_at(b) == CUT);
    if (seen_at(a) == TORN || seen_at(b) == TORN) {
      fprintf(stderr, "a line is there in part: A has %ld bytes, B %ld\n", a, b);
      torn += 1;
    }
    ahead += b > a;
    wrong += line_is_wrong(dir, "B", b) + line_is_wrong(dir, "A", a);
    samples += 1;
    seen += b > 0;
    usleep(200);
  }
  printf("{\"samples\":%ld,\"seen\":%ld,\"ahead\":%ld,\"cut\":%ld,\"torn\":%ld,\"wrong\":%ld,\"last\":%ld}\n", samples, seen, ahead,
         cut, torn, wrong, b / LINE);
  return ahead > 0 || torn > 0 || wrong > 0;
}

static int append_bare(int dir, double end) {
  int fd = (int)MUST(openat(dir, "bare", O_WRONLY | O_APPEND));
  char line[32];
  for (long number = 0; now_ms() < end; number += 1) {
    HOLDS(snprintf(line, sizeof line, "%011ld\n", number) == LINE);
    MUST_MOVE(write(fd, line, LINE), LINE);
  }
  return 0;
}

/** How many of the first `lines` lines cross the end of a page. */
static long crossings_of(long lines) {
  long crossings = 0, page = sysconf(_SC_PAGESIZE);
  for (long at = page; at < lines * LINE; at += page) crossings += at % LINE != 0;
  return crossings;
}

/** Each cut or torn length counts once, however often it is met. */
static int watch_bare(int dir, long seconds) {
  scene = "bare";
  int fd = (int)MUST(openat(dir, "bare", O_RDWR | O_CREAT | O_TRUNC, 0644)), status = 0;
  double end = now_ms() + (double)seconds * 1e3;
  long samples = 0, cut = 0, torn = 0, last = 0;
  pid_t writer = (pid_t)MUST(fork());
  if (writer == 0) _exit(append_bare(dir, end));
  for (; now_ms() < end; samples += 1) {
    struct stat now;
    MUST(fstat(fd, &now));
    if (now.st_size != last) {
      cut += seen_at(now.st_size) == CUT;
      torn += seen_at(now.st_size) == TORN;
    }
    last = (long)now.st_size;
  }
  MUST(waitpid(writer, &status, 0));
  HOLDS(status == 0);
  printf("{\"samples\":%ld,\"crossings\":%ld,\"cut\":%ld,\"torn\":%ld}\n", samples, crossings_of(last / LINE), cut, torn);
  return torn > 0;
}

int main(int count, char **values) {
  if (count < 3) {
    fprintf(stderr, "usage: append-order DIR --seconds N [--interval-us N] | --check | --bare --seconds N\n");
    return 2;
  }
  stop_on_sigterm();
  int dir = (int)MUST(open(values[1], O_RDONLY | O_DIRECTORY));
  if (strcmp(values[2], "--check") == 0) return watch_order(dir);
  if (strcmp(values[2], "--bare") == 0) return watch_bare(dir, option_number(count, values, "--seconds", 3));
  return append_lines(dir, option_number(count, values, "--interval-us", 2000), option_number(count, values, "--seconds", 30));
}
