#ifndef UNDERSTUDY_VERBS_H
#define UNDERSTUDY_VERBS_H
#include "check.h"

static inline int make_directory(int parent, const char *name) {
  MUST(mkdirat(parent, name, 0755));
  return (int)MUST(openat(parent, name, O_RDONLY | O_DIRECTORY));
}

static inline void make_file(int dir, const char *name, const char *text) {
  int fd = (int)MUST(openat(dir, name, O_WRONLY | O_CREAT | O_EXCL, 0644));
  MUST_MOVE(write(fd, text, strlen(text)), strlen(text));
  MUST(close(fd));
}

void verbs_data(int parent);
void verbs_names(int parent);
void verbs_metadata(int parent);
/** Changes a tree that the three above have made. */
void verbs_change(int parent);
#endif
