/*
 * append-order DIR --seconds N [--interval-us N]: appends line N to DIR/A, then line N to DIR/B. Whoever sees B longer than A has
 * seen a state that never was. With --check it is the other side: reads B's length, then A's, as fast as it can until SIGTERM,
 * and prints JSON {samples, seen, ahead, torn, wrong, last}; exit 1 where B was ahead or a line was not what was written.
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

/** The last whole line below `length` must carry its own number; 0 where it does. */
static int line_is_wrong(int dir, const char *name, long length) {
  if (length < LINE) return 0;
  char line[LINE + 1] = "", expected[32];
  int fd = (int)MUST(openat(dir, name, O_RDONLY));
  MUST_MOVE(pread(fd, line, LINE, (length / LINE - 1) * LINE), LINE);
  MUST(close(fd));
  snprintf(expected, sizeof expected, "%011ld\n", length / LINE - 1);
  if (memcmp(line, expected, LINE) == 0) return 0;
  fprintf(stderr, "%s is %ld bytes long and its last whole line reads", name, length);
  for (int i = 0; i < LINE; i += 1) fprintf(stderr, " %02x", (unsigned char)line[i]);
  fputc('\n', stderr);
  return 1;
}

static int watch_order(int dir) {
  scene = "checking";
  long samples = 0, ahead = 0, torn = 0, wrong = 0, seen = 0, b = 0;
  while (!stopping) {
    b = length_of(dir, "B");
    long a = length_of(dir, "A");
    /* A write that crosses a page is seen in two steps by whoever looks just then, on the source as on the target. */
    torn += a % LINE != 0 || b % LINE != 0;
    ahead += b > a;
    wrong += line_is_wrong(dir, "B", b) + line_is_wrong(dir, "A", a);
    samples += 1;
    seen += b > 0;
    usleep(200);
  }
  printf("{\"samples\":%ld,\"seen\":%ld,\"ahead\":%ld,\"torn\":%ld,\"wrong\":%ld,\"last\":%ld}\n", samples, seen, ahead, torn,
         wrong, b / LINE);
  return ahead > 0 || wrong > 0;
}

int main(int count, char **values) {
  if (count < 3) {
    fprintf(stderr, "usage: append-order DIR --seconds N [--interval-us N] | append-order DIR --check\n");
    return 2;
  }
  stop_on_sigterm();
  int dir = (int)MUST(open(values[1], O_RDONLY | O_DIRECTORY));
  if (strcmp(values[2], "--check") == 0) return watch_order(dir);
  return append_lines(dir, option_number(count, values, "--interval-us", 2000), option_number(count, values, "--seconds", 30));
}
