/*
 * hold PATH open|map|cwd|read: holds PATH as said until its standard input ends; prints `holding` when it does.
 * `read` is an ordinary reader: it must never stand in the way.
 */
#include "check.h"

int main(int count, char **values) {
  if (count != 3) {
    fprintf(stderr, "usage: hold PATH open|map|cwd|read\n");
    return 2;
  }
  scene = "holding";
  const char *how = values[2];
  if (strcmp(how, "cwd") == 0) MUST(chdir(values[1]));
  if (strcmp(how, "open") == 0) MUST(open(values[1], O_WRONLY | O_APPEND));
  if (strcmp(how, "read") == 0) MUST(open(values[1], O_RDONLY));
  if (strcmp(how, "map") == 0) {
    int fd = (int)MUST(open(values[1], O_RDWR));
    if (mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED) fail_call("mmap", errno);
    MUST(close(fd));
  }
  printf("holding\n");
  fflush(stdout);
  char byte;
  while (read(0, &byte, 1) > 0) {
  }
  return 0;
}
