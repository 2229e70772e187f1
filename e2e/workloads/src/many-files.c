/* many-files DIR COUNT [--bytes N]: COUNT small files, 1,000 a directory, each with content of its own. */
#include "check.h"

int main(int count, char **values) {
  if (count < 3) {
    fprintf(stderr, "usage: many-files DIR COUNT [--bytes N]\n");
    return 2;
  }
  scene = "making many files";
  static unsigned char content[65536];
  long files = strtol(values[2], NULL, 10), bytes = option_number(count, values, "--bytes", 512);
  HOLDS(bytes <= (long)sizeof content && files > 0);
  int root = (int)MUST(open(values[1], O_RDONLY | O_DIRECTORY)), dir = -1;
  for (long i = 0; i < files; i += 1) {
    char name[64];
    if (i % 1000 == 0) {
      snprintf(name, sizeof name, "many-%05ld", i / 1000);
      if (dir >= 0) MUST(close(dir));
      MUST(mkdirat(root, name, 0755));
      dir = (int)MUST(openat(root, name, O_RDONLY | O_DIRECTORY));
    }
    snprintf(name, sizeof name, "file-%07ld", i);
    int fd = (int)MUST(openat(dir, name, O_WRONLY | O_CREAT | O_EXCL, 0644));
    fill(content, (size_t)bytes, (uint64_t)i);
    MUST_MOVE(write(fd, content, (size_t)bytes), bytes);
    MUST(close(fd));
  }
  return 0;
}
