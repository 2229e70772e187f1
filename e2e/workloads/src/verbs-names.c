/*
 * Everything that changes names: files, directories, links, renames in all their forms, special files, names of any bytes and
 * paths longer than PATH_MAX.
 */
#include "verbs.h"
#include <sys/sysmacros.h>

static int exists(int dir, const char *name) {
  struct stat now;
  return fstatat(dir, name, &now, AT_SYMLINK_NOFOLLOW) == 0;
}

static void renames(int dir) {
  scene = "renames";
  int a = make_directory(dir, "from"), b = make_directory(dir, "to");
  make_file(a, "moved", "moved across directories");
  MUST(renameat(a, "moved", b, "moved-here"));
  make_file(a, "x", "x");
  make_file(b, "y", "y is replaced");
  MUST(renameat(a, "x", b, "y"));
  make_file(a, "one", "one");
  make_file(b, "two", "two, and longer");
  MUST(renameat2(a, "one", b, "two", RENAME_EXCHANGE));
  MUST(mkdirat(a, "folder", 0750));
  MUST(renameat2(a, "folder", a, "one", RENAME_EXCHANGE));
  MUST_REFUSE(renameat2(a, "folder", b, "two", RENAME_NOREPLACE), EEXIST);
  MUST(renameat2(a, "folder", b, "placed", RENAME_NOREPLACE));
  make_file(a, "a", "a");
  make_file(a, "c", "c");
  MUST(renameat(a, "a", a, "b"));
  MUST(renameat(a, "c", a, "a"));
  make_file(a, "same", "two names of one file: renaming one onto the other does nothing");
  MUST(linkat(a, "same", b, "same-too", 0));
  MUST(renameat(a, "same", b, "same-too"));
  HOLDS(exists(a, "same") && exists(b, "same-too"));
  MUST(close(a));
  MUST(close(b));
}

static void directories(int dir) {
  scene = "directories";
  int top = make_directory(dir, "top");
  int inner = make_directory(top, "inner");
  make_file(inner, "leaf", "leaf");
  int open_file = (int)MUST(openat(inner, "leaf", O_WRONLY | O_APPEND));
  MUST(mkdirat(dir, "elsewhere", 0711));
  MUST(renameat(dir, "top", dir, "elsewhere/top-moved"));
  MUST_MOVE(write(open_file, " written after the move", 23), 23);
  make_file(inner, "made-after-the-move", "by the held directory");
  MUST_REFUSE(unlinkat(dir, "elsewhere", AT_REMOVEDIR), ENOTEMPTY);
  MUST_REFUSE(renameat(dir, "elsewhere", dir, "elsewhere/top-moved/loop"), EINVAL);
  MUST(mkdirat(dir, "empty", 0700));
  MUST_REFUSE(renameat(inner, ".", inner, "nothing"), EBUSY);
  MUST(mkdirat(dir, "empty-2", 01777));
  MUST(renameat(dir, "empty-2", dir, "empty"));
  MUST(mkdirat(dir, "short-lived", 0755));
  int held = (int)MUST(openat(dir, "short-lived", O_RDONLY | O_DIRECTORY));
  MUST(unlinkat(dir, "short-lived", AT_REMOVEDIR));
  MUST_REFUSE(openat(held, "late", O_WRONLY | O_CREAT, 0644), ENOENT);
  make_file(dir, "short-lived", "a file where a directory was");
  MUST(unlinkat(dir, "short-lived", 0));
  MUST(mkdirat(dir, "short-lived", 0755));
  MUST(close(held));
  MUST(close(open_file));
  MUST(close(inner));
  MUST(close(top));
}

static void links(int dir) {
  scene = "links";
  make_file(dir, "linked", "many names");
  int other = make_directory(dir, "other-names");
  for (int i = 0; i < 40; i += 1) {
    char name[32];
    snprintf(name, sizeof name, "name-%02d", i);
    MUST(linkat(dir, "linked", other, name, 0));
    if (i % 4 == 3) MUST(unlinkat(other, name, 0));
  }
  MUST_REFUSE(linkat(dir, "linked", other, "name-00", 0), EEXIST);
  int fd = (int)MUST(openat(other, "name-01", O_WRONLY | O_APPEND));
  MUST(unlinkat(dir, "linked", 0));
  MUST_MOVE(write(fd, ", the first gone", 16), 16);
  MUST(close(fd));
  MUST(symlinkat("other-names/name-02", dir, "symbolic"));
  MUST(symlinkat("/nowhere/\xff\xfe", dir, "dangling"));
  char target[4096];
  memset(target, 't', 4095);
  target[4095] = '\0';
  MUST(symlinkat(target, dir, "long-target"));
  MUST(symlinkat("loop", dir, "loop"));
  MUST(linkat(dir, "dangling", dir, "dangling-too", 0));
  MUST_REFUSE(openat(dir, "loop", O_RDONLY), ELOOP);
  MUST(renameat(dir, "loop", dir, "loop-renamed"));
  MUST(close(other));
}

static void special_files(int dir) {
  scene = "special files";
  MUST(mknodat(dir, "fifo", S_IFIFO | 0620, 0));
  MUST(mknodat(dir, "socket", S_IFSOCK | 0600, 0));
  MUST(mknodat(dir, "regular", S_IFREG | 0604, 0));
  MUST(mknodat(dir, "character", S_IFCHR | 0666, makedev(1, 3)));
  MUST(mknodat(dir, "block", S_IFBLK | 0660, makedev(259, 70000)));
  MUST(fchownat(dir, "fifo", 3, 4, 0));
  MUST(linkat(dir, "fifo", dir, "fifo-too", 0));
}

static void any_bytes(int parent) {
  scene = "names of any bytes";
  int dir = make_directory(parent, "bytes");
  for (int byte = 1; byte < 256; byte += 1) {
    if (byte == '/' || byte == '.') continue;
    char name[8] = {(char)byte, (char)byte, '\0'};
    make_file(dir, name, "named by its byte");
  }
  char longest[256];
  memset(longest, 0xe9, 255);
  longest[255] = '\0';
  make_file(dir, longest, "255 bytes");
  const char *odd[] = {"-rf", " leading", "trailing ", "new\nline", "\xe2\x80\xae" "rtl", "\xc3\x28", "\xed\xa0\x80",
                       "\xf0\x9f\x98\x80", "a\\x41", "...", "*?[", "\"'`$(x)", "caf\xc3\xa9", "cafe\xcc\x81", "CON", "\x1b[31m"};
  for (size_t i = 0; i < sizeof odd / sizeof *odd; i += 1) make_file(dir, odd[i], odd[i]);
  longest[0] = 'd';
  MUST(mkdirat(dir, longest, 0755));
  MUST(renameat(dir, "new\nline", dir, "new\nline\xff"));
  MUST_REFUSE(mkdirat(dir, "............................................................................................"
                           "............................................................................................"
                           "............................................................................................", 0755),
              ENAMETOOLONG);
  MUST(close(dir));
}

static void deep(int parent) {
  scene = "paths longer than PATH_MAX";
  int dir = make_directory(parent, "deep");
  char name[241];
  memset(name, 'n', 240);
  name[240] = '\0';
  for (int level = 0; level < 24; level += 1) {
    name[0] = (char)('a' + level);
    int next = make_directory(dir, name);
    MUST(close(dir));
    dir = next;
    if (level % 8 == 7) make_file(dir, "on the way", name);
  }
  make_file(dir, "bottom", "more than 5,000 bytes deep");
  MUST(renameat(dir, "bottom", dir, "renamed at the bottom"));
  MUST(linkat(dir, "renamed at the bottom", parent, "linked from the bottom", 0));
  MUST(fchmodat(dir, "renamed at the bottom", 0600, 0));
  MUST(close(dir));
}

void verbs_names(int parent) {
  int dir = make_directory(parent, "names");
  renames(dir);
  directories(dir);
  links(dir);
  special_files(dir);
  any_bytes(dir);
  deep(dir);
  MUST(close(dir));
}
