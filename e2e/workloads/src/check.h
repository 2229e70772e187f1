/*
 * What every workload shares: a call that fails where it must not ends the program with the call's own text and its errno.
 * The application on the source is sacred, so nothing here is retried and nothing is forgiven.
 */
#ifndef UNDERSTUDY_CHECK_H
#define UNDERSTUDY_CHECK_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *scene = "start";

static inline const char *errno_name(int number) {
  const char *name = strerrorname_np(number);
  return name ? name : "unknown errno";
}

__attribute__((noreturn)) static inline void fail_call(const char *call, int number) {
  fprintf(stderr, "FAILED in %s: %s: %s (%s)\n", scene, call, errno_name(number), strerror(number));
  fflush(stderr);
  _exit(1);
}

__attribute__((noreturn, format(printf, 1, 2))) static inline void fail_text(const char *format, ...) {
  va_list list;
  va_start(list, format);
  fprintf(stderr, "FAILED in %s: ", scene);
  vfprintf(stderr, format, list);
  fputc('\n', stderr);
  fflush(stderr);
  _exit(1);
}

static inline long must_result(long result, const char *call) {
  if (result < 0) fail_call(call, errno);
  return result;
}

/** The call must succeed. */
#define MUST(call) must_result((long)(call), #call)

/** The call must move exactly this many bytes. */
#define MUST_MOVE(call, count)                                                              \
  do {                                                                                      \
    long moved_ = must_result((long)(call), #call);                                         \
    if (moved_ != (long)(count)) fail_text("%s moved %ld of %ld bytes", #call, moved_, (long)(count)); \
  } while (0)

/** The call must be refused with exactly this errno. */
#define MUST_REFUSE(call, number)                                                           \
  do {                                                                                      \
    errno = 0;                                                                              \
    if ((long)(call) >= 0) fail_text("%s succeeded where %s was due", #call, #number);       \
    if (errno != (number)) fail_call(#call, errno);                                          \
  } while (0)

#define HOLDS(condition)                                                                    \
  do {                                                                                      \
    if (!(condition)) fail_text("does not hold: %s", #condition);                            \
  } while (0)

/* xorshift64*: the same seed gives the same load everywhere. */
typedef struct { uint64_t state; } Random;

static inline Random random_from(uint64_t seed) {
  Random random = {seed * 0x9e3779b97f4a7c15ull + 0x1234567ull};
  return random;
}
static inline uint64_t random_next(Random *random) {
  random->state ^= random->state >> 12;
  random->state ^= random->state << 25;
  random->state ^= random->state >> 27;
  return random->state * 0x2545f4914f6cdd1dull;
}
static inline unsigned random_below(Random *random, unsigned limit) {
  return (unsigned)((random_next(random) >> 32) % limit);
}

/** Content that depends on seed and place, so that misplaced bytes show. */
static inline void fill(unsigned char *into, size_t length, uint64_t seed) {
  Random random = random_from(seed);
  for (size_t i = 0; i < length; i += 8) {
    uint64_t word = random_next(&random);
    memcpy(into + i, &word, length - i < 8 ? length - i : 8);
  }
}

static inline double now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static volatile sig_atomic_t stopping = 0;
static void on_stop(int number) {
  (void)number;
  stopping = 1;
}
/** SIGTERM ends the load between two operations; SA_RESTART, because EINTR would be an error of our own making. */
static inline void stop_on_sigterm(void) {
  struct sigaction action = {.sa_handler = on_stop, .sa_flags = SA_RESTART};
  MUST(sigaction(SIGTERM, &action, NULL));
  MUST(sigaction(SIGINT, &action, NULL));
}

/** The value behind `--name`, or a default. */
static inline const char *option(int count, char **values, const char *name, const char *otherwise) {
  for (int i = 1; i + 1 < count; i += 1)
    if (strcmp(values[i], name) == 0) return values[i + 1];
  return otherwise;
}
static inline long option_number(int count, char **values, const char *name, long otherwise) {
  const char *text = option(count, values, name, NULL);
  if (text == NULL) return otherwise;
  char *end = NULL;
  long number = strtol(text, &end, 10);
  if (*text == '\0' || *end != '\0') fail_text("%s wants a number, not \"%s\"", name, text);
  return number;
}
#endif
