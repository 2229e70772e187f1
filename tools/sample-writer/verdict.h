/* The answer of --check: see verdict.c. */
#ifndef VERDICT_H
#define VERDICT_H

#include <stdint.h>

/* Prints it; `why` is a sentence, or NULL where nothing is wrong. Returns the exit code: 0 for a whole image, 1 otherwise. */
int verdict(int64_t transactions, int64_t last_ms, const char *why);

#endif
