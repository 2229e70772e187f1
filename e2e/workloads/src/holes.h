/* Where two files have data, as their file systems say. */
#ifndef UNDERSTUDY_HOLES_H
#define UNDERSTUDY_HOLES_H
#include "check.h"

/** The nearest hole or data of a file from `at` on; its end where there is none, `at` itself where nobody can tell. */
static off_t seek_from(int fd, off_t at, int what) {
  off_t next = lseek(fd, at, what), end = lseek(fd, 0, SEEK_END);
  if (next >= 0) return next;
  return errno == ENXIO || at >= end ? end : at;
}

/** Moves on to where either has data; returns how much of that there is, at most `most`. */
static size_t next_data(int a, int b, off_t *at, size_t most) {
  off_t in_a = seek_from(a, *at, SEEK_DATA), in_b = seek_from(b, *at, SEEK_DATA);
  *at = in_a < in_b ? in_a : in_b;
  off_t end_a = seek_from(a, *at, SEEK_HOLE), end_b = seek_from(b, *at, SEEK_HOLE);
  off_t length = (end_a > end_b ? end_a : end_b) - *at;
  return length > 0 && (size_t)length < most ? (size_t)length : most;
}
#endif
