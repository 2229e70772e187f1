/*
 * verbs DIR NAME [--change]: makes DIR/NAME by every modifying call an application has; with --change alters a tree made before.
 * Exits 0, or 1 with the call and errno of the first thing that was not as a plain file system does it.
 */
#include "verbs.h"
#include <sys/file.h>
#include <sys/xattr.h>

static void change_data(int parent) {
  scene = "changing data";
  int fd = (int)MUST(openat(parent, "data/plain", O_RDWR));
  MUST_MOVE(pwrite(fd, "changed", 7, 3), 7);
  MUST(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 8192, 40960));
  MUST(close(fd));
  fd = (int)MUST(openat(parent, "data/sparse", O_RDWR));
  MUST_MOVE(pwrite(fd, "in the hole", 11, 33 << 20), 11);
  MUST(close(fd));
  fd = (int)MUST(openat(parent, "data/large", O_RDWR));
  char *map = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (map == MAP_FAILED) fail_call("mmap", errno);
  memset(map + 12345, 'm', 6789);
  MUST(msync(map, 1 << 20, MS_SYNC));
  MUST(munmap(map, 1 << 20));
  MUST(ftruncate(fd, 3000000));
  MUST(close(fd));
  fd = (int)MUST(openat(parent, "data/emptied", O_WRONLY | O_TRUNC));
  MUST(close(fd));
}

static void change_names(int parent) {
  scene = "changing names";
  MUST(renameat(parent, "names/to/moved-here", parent, "names/from/moved-back"));
  MUST(renameat(parent, "names/elsewhere", parent, "names/to/elsewhere"));
  MUST(renameat2(parent, "names/bytes", parent, "names/other-names", RENAME_EXCHANGE));
  MUST(linkat(parent, "names/bytes/name-05", parent, "names/linked-anew", 0));
  MUST(unlinkat(parent, "names/bytes/name-04", 0));
  MUST(renameat(parent, "names/deep", parent, "names/deeper"));
  MUST(unlinkat(parent, "names/fifo-too", 0));
  MUST(renameat(parent, "names/block", parent, "names/socket"));
  MUST(unlinkat(parent, "names/symbolic", 0));
  MUST(symlinkat("elsewhere", parent, "names/symbolic"));
}

static void change_metadata(int parent) {
  scene = "changing metadata";
  int fd = (int)MUST(openat(parent, "metadata/attributed", O_RDWR));
  MUST(fremovexattr(fd, "user.binary"));
  MUST(fsetxattr(fd, "user.added", "later", 5, XATTR_CREATE));
  MUST(close(fd));
  fd = (int)MUST(openat(parent, "metadata/inheriting", O_RDONLY | O_DIRECTORY));
  MUST(fremovexattr(fd, "system.posix_acl_default"));
  MUST(close(fd));
  fd = (int)MUST(openat(parent, "metadata/capable", O_RDWR));
  MUST(fremovexattr(fd, "security.capability"));
  MUST(close(fd));
  MUST(fchmodat(parent, "metadata/listed", 0640, 0));
  MUST(fchownat(parent, "metadata/mode-7777", 9, 9, 0));
  const struct timespec times[2] = {{1600000000, 11}, {1500000000, 22}};
  MUST(utimensat(parent, "metadata/times/time-2", times, 0));
  MUST(utimensat(parent, "metadata/times", times, 0));
}

void verbs_change(int parent) {
  change_data(parent);
  change_names(parent);
  change_metadata(parent);
}

/** Locks are the kernel's own affair, but an application must find them working. */
static void locks(int parent) {
  scene = "locks";
  int one = (int)MUST(openat(parent, "lock", O_RDWR | O_CREAT, 0644));
  int two = (int)MUST(openat(parent, "lock", O_RDWR));
  MUST(flock(one, LOCK_EX));
  MUST_REFUSE(flock(two, LOCK_EX | LOCK_NB), EWOULDBLOCK);
  MUST(flock(one, LOCK_UN));
  struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 5};
  MUST(fcntl(one, F_OFD_SETLK, &range));
  MUST_REFUSE(fcntl(two, F_OFD_SETLK, &range), EAGAIN);
  MUST(close(one));
  MUST(fcntl(two, F_OFD_SETLK, &range));
  MUST(close(two));
}

int main(int count, char **values) {
  if (count < 3) {
    fprintf(stderr, "usage: verbs DIR NAME [--change]\n");
    return 2;
  }
  umask(022);
  int root = (int)MUST(open(values[1], O_RDONLY | O_DIRECTORY));
  if (count > 3 && strcmp(values[3], "--change") == 0) {
    int dir = (int)MUST(openat(root, values[2], O_RDONLY | O_DIRECTORY));
    verbs_change(dir);
    MUST(close(dir));
  } else {
    int dir = make_directory(root, values[2]);
    verbs_data(dir);
    verbs_names(dir);
    verbs_metadata(dir);
    locks(dir);
    MUST(close(dir));
  }
  return 0;
}
