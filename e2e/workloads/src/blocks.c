/*
 * blocks FILE --of N --count M [--run K] [--passes P] [--rate BYTES/S] [--seed S]: M different places of K blocks of 4 KiB, at random
 * among the N places of a file of N*K blocks (made sparse where it is shorter), each written once in every pass. What a pass writes
 * differs from what was there. Last line JSON {calls, blocks, bytes, distinctBytes, seconds, worstMs}: what was written, known exactly.
 */
#include "check.h"

enum { BLOCK = 4096, MOST_RUN = 64 };

static unsigned char content[BLOCK * MOST_RUN];

/** Sleeps until `bytes` may have been written at `rate`; a writer that was held up catches up. */
static void keep_rate(double began, double bytes, long rate) {
  if (rate <= 0) return;
  double ahead = bytes / (double)rate * 1e3 - (now_ms() - began);
  if (ahead > 1) usleep((useconds_t)(ahead * 1e3));
}

static unsigned *choose(long places, long count, uint64_t seed) {
  unsigned *chosen = malloc((size_t)places * sizeof *chosen);
  HOLDS(chosen != NULL);
  for (long i = 0; i < places; i += 1) chosen[i] = (unsigned)i;
  Random dice = random_from(seed);
  for (long i = 0; i < count; i += 1) {
    long other = i + random_below(&dice, (unsigned)(places - i));
    unsigned kept = chosen[i];
    chosen[i] = chosen[other];
    chosen[other] = kept;
  }
  return chosen;
}

int main(int count, char **values) {
  if (count < 2) {
    fprintf(stderr, "usage: blocks FILE --of N --count M [--run K] [--passes P] [--rate BYTES/S] [--seed S]\n");
    return 2;
  }
  scene = "writing blocks";
  stop_on_sigterm();
  long places = option_number(count, values, "--of", 0), wanted = option_number(count, values, "--count", 0);
  long run = option_number(count, values, "--run", 1), passes = option_number(count, values, "--passes", 1);
  long rate = option_number(count, values, "--rate", 0), seed = option_number(count, values, "--seed", 1);
  HOLDS(places > 0 && wanted > 0 && wanted <= places && run > 0 && run <= MOST_RUN);
  int fd = (int)MUST(open(values[1], O_RDWR | O_CREAT, 0644));
  struct stat now;
  MUST(fstat(fd, &now));
  size_t length = (size_t)run * BLOCK;
  if (now.st_size < (off_t)((size_t)places * length)) MUST(ftruncate(fd, (off_t)((size_t)places * length)));
  unsigned *chosen = choose(places, wanted, (uint64_t)seed);
  double began = now_ms(), worst = 0, bytes = 0;
  long calls = 0;
  for (long pass = 0; pass < passes && !stopping; pass += 1)
    for (long i = 0; i < wanted && !stopping; i += 1) {
      fill(content, length, (uint64_t)seed << 40 ^ (uint64_t)pass << 32 ^ chosen[i]);
      double before = now_ms();
      MUST_MOVE(pwrite(fd, content, length, (off_t)chosen[i] * (off_t)length), length);
      double took = now_ms() - before;
      if (took > worst) worst = took;
      calls += 1;
      bytes += (double)length;
      if (calls % 64 == 0) printf("%ld\n", calls), fflush(stdout);
      keep_rate(began, bytes, rate);
    }
  MUST(close(fd));
  long distinct = calls < wanted ? calls : wanted;
  printf("{\"calls\":%ld,\"blocks\":%ld,\"bytes\":%.0f,\"distinctBytes\":%.0f,\"seconds\":%.3f,\"worstMs\":%.1f}\n", calls,
         calls * run, bytes, (double)distinct * (double)length, (now_ms() - began) / 1e3, worst);
  return 0;
}
