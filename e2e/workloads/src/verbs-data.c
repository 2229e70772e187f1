/*
 * Everything that changes the bytes of a file: plain, positioned, gathered, appended, direct and mapped writes, truncation,
 * allocation, holes, copies within the kernel, and files that are written after their last name has gone.
 */
#include "verbs.h"
#include <sys/sendfile.h>
#include <sys/uio.h>

static unsigned char block[1 << 20];

static void plain_writes(int dir) {
  scene = "plain writes";
  int fd = (int)MUST(openat(dir, "plain", O_RDWR | O_CREAT | O_EXCL, 0644));
  fill(block, sizeof block, 1);
  MUST_MOVE(write(fd, block, 10000), 10000);
  MUST_MOVE(pwrite(fd, block + 5, 777, 123456), 777);
  struct iovec parts[3] = {{block, 1}, {block + 100, 4096}, {block + 9000, 33}};
  MUST_MOVE(writev(fd, parts, 3), 4130);
  MUST_MOVE(pwritev(fd, parts, 3, 400001), 4130);
  MUST_MOVE(pwritev2(fd, parts, 2, -1, RWF_APPEND), 4097);
  MUST(fsync(fd));
  MUST_MOVE(pwrite(fd, block, sizeof block, 1 << 20), sizeof block);
  MUST(fdatasync(fd));
  MUST(close(fd));
  fd = (int)MUST(openat(dir, "large", O_WRONLY | O_CREAT | O_EXCL, 0600));
  for (int i = 0; i < 9; i += 1) {
    fill(block, sizeof block, 50 + (uint64_t)i);
    MUST_MOVE(write(fd, block, sizeof block - 3), sizeof block - 3);
  }
  MUST(close(fd));
}

static void appended_writes(int dir) {
  scene = "appended writes";
  int one = (int)MUST(openat(dir, "appended", O_WRONLY | O_CREAT | O_APPEND, 0640));
  int two = (int)MUST(openat(dir, "appended", O_RDWR | O_APPEND));
  for (int i = 0; i < 200; i += 1) {
    char line[32];
    int length = snprintf(line, sizeof line, "line %06d\n", i);
    MUST_MOVE(write(i % 2 ? one : two, line, (size_t)length), length);
  }
  struct stat now;
  MUST(fstat(one, &now));
  HOLDS(now.st_size == 200 * 12);
  MUST_MOVE(pwrite(two, "not at the front: O_APPEND rules\n", 33, 0), 33);
  MUST(close(one));
  MUST(close(two));
  int fd = (int)MUST(openat(dir, "synchronous", O_WRONLY | O_CREAT | O_DSYNC, 0644));
  MUST_MOVE(write(fd, "durable", 7), 7);
  MUST(close(fd));
}

static void direct_writes(int dir) {
  scene = "direct writes";
  int fd = openat(dir, "direct", O_RDWR | O_CREAT | O_DIRECT, 0644);
  /* A file system without O_DIRECT says EINVAL also without us (tmpfs before 6.6). */
  if (fd < 0 && errno == EINVAL) return;
  MUST(fd);
  void *aligned = NULL;
  HOLDS(posix_memalign(&aligned, 4096, 65536) == 0);
  fill(aligned, 65536, 7);
  MUST_MOVE(pwrite(fd, aligned, 65536, 0), 65536);
  MUST_MOVE(pwrite(fd, aligned, 4096, 131072), 4096);
  MUST_MOVE(pread(fd, aligned, 65536, 0), 65536);
  free(aligned);
  MUST(close(fd));
}

static void truncations(int dir) {
  scene = "truncations";
  int fd = (int)MUST(openat(dir, "truncated", O_RDWR | O_CREAT, 0644));
  MUST_MOVE(write(fd, block, 100000), 100000);
  MUST(ftruncate(fd, 5));
  MUST(ftruncate(fd, 70000));
  MUST_MOVE(pwrite(fd, "tail", 4, 69996), 4);
  MUST(close(fd));
  fd = (int)MUST(openat(dir, "emptied", O_WRONLY | O_CREAT, 0644));
  MUST_MOVE(write(fd, block, 5000), 5000);
  MUST(close(fd));
  fd = (int)MUST(openat(dir, "emptied", O_WRONLY | O_TRUNC));
  MUST_MOVE(write(fd, "new", 3), 3);
  MUST(close(fd));
  fd = (int)MUST(openat(dir, "zero-length", O_WRONLY | O_CREAT, 0644));
  MUST(close(fd));
}

static void holes(int dir) {
  scene = "holes";
  int fd = (int)MUST(openat(dir, "sparse", O_RDWR | O_CREAT, 0644));
  MUST_MOVE(pwrite(fd, "far away", 8, 64 << 20), 8);
  MUST_MOVE(pwrite(fd, block, 8192, 8 << 20), 8192);
  MUST(close(fd));
  fd = (int)MUST(openat(dir, "punched", O_RDWR | O_CREAT, 0644));
  MUST_MOVE(pwrite(fd, block, sizeof block, 0), sizeof block);
  MUST(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 65536, 131072));
  MUST(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 300001, 5000));
  MUST(fallocate(fd, FALLOC_FL_ZERO_RANGE, 500000, 100000));
  MUST(close(fd));
  fd = (int)MUST(openat(dir, "allocated", O_RDWR | O_CREAT, 0644));
  MUST(fallocate(fd, 0, 0, 1 << 20));
  MUST(fallocate(fd, FALLOC_FL_KEEP_SIZE, 1 << 20, 1 << 20));
  MUST_MOVE(pwrite(fd, "inside", 6, 4000), 6);
  MUST(close(fd));
}

static void copies(int dir) {
  scene = "copies within the kernel";
  int from = (int)MUST(openat(dir, "large", O_RDONLY));
  int to = (int)MUST(openat(dir, "copied", O_RDWR | O_CREAT, 0644));
  loff_t in = 4097, out = 11;
  for (long left = 2000000; left > 0;) left -= MUST(copy_file_range(from, &in, to, &out, (size_t)left, 0));
  MUST(close(to));
  to = (int)MUST(openat(dir, "sent", O_WRONLY | O_CREAT, 0644));
  off_t at = 100;
  for (long left = 300000; left > 0;) left -= MUST(sendfile(to, from, &at, (size_t)left));
  int ends[2];
  MUST(pipe(ends));
  MUST_MOVE(write(ends[1], block, 30000), 30000);
  loff_t spliced = 500000;
  for (long left = 30000; left > 0;) left -= MUST(splice(ends[0], NULL, to, &spliced, (size_t)left, 0));
  MUST(close(ends[0]));
  MUST(close(ends[1]));
  MUST(close(to));
  MUST(close(from));
}

static void mappings(int dir) {
  scene = "mappings";
  int fd = (int)MUST(openat(dir, "mapped", O_RDWR | O_CREAT, 0644));
  MUST(ftruncate(fd, 300000));
  unsigned char *map = mmap(NULL, 300000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (map == MAP_FAILED) fail_call("mmap", errno);
  fill(map + 1000, 5000, 3);
  MUST(msync(map, 300000, MS_SYNC));
  fill(map + 200000, 90000, 4);
  MUST(msync(map + 196608, 300000 - 196608, MS_SYNC));
  MUST_MOVE(pwrite(fd, "between", 7, 100000), 7);
  HOLDS(memcmp(map + 100000, "between", 7) == 0);
  fill(map + 50000, 100, 5);
  MUST(fsync(fd));
  MUST(munmap(map, 300000));
  MUST(close(fd));
  fd = (int)MUST(openat(dir, "mapped-after-close", O_RDWR | O_CREAT, 0644));
  MUST(ftruncate(fd, 8192));
  map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (map == MAP_FAILED) fail_call("mmap", errno);
  MUST(close(fd));
  memcpy(map + 4090, "stored when no descriptor was left", 34);
  MUST(munmap(map, 8192));
}

static void unlinked_but_open(int dir) {
  scene = "unlinked but open";
  unsigned char back[4096];
  int fd = (int)MUST(openat(dir, "ghost", O_RDWR | O_CREAT, 0600));
  MUST_MOVE(write(fd, block, 4096), 4096);
  MUST(unlinkat(dir, "ghost", 0));
  MUST_MOVE(pwrite(fd, block + 17, 4096, 100000), 4096);
  MUST_MOVE(pread(fd, back, 4096, 100000), 4096);
  HOLDS(memcmp(back, block + 17, 4096) == 0);
  struct stat now;
  MUST(fstat(fd, &now));
  HOLDS(now.st_nlink == 0 && now.st_size == 104096);
  MUST(ftruncate(fd, 10));
  MUST(fchmod(fd, 0400));
  int again = (int)MUST(openat(dir, "ghost", O_RDWR | O_CREAT | O_EXCL, 0640));
  MUST_MOVE(write(again, "another file of the same name", 29), 29);
  MUST_MOVE(pwrite(fd, "ghost", 5, 0), 5);
  MUST(close(fd));
  MUST(close(again));
  fd = (int)MUST(openat(dir, "overtaken", O_RDWR | O_CREAT, 0644));
  make_file(dir, "overtaking", "the new content");
  MUST(renameat(dir, "overtaking", dir, "overtaken"));
  MUST_MOVE(write(fd, "into the old one", 16), 16);
  MUST_MOVE(pread(fd, back, 16, 0), 16);
  HOLDS(memcmp(back, "into the old one", 16) == 0);
  MUST(close(fd));
}

static void nameless(int dir) {
  scene = "nameless files";
  int fd = (int)MUST(openat(dir, ".", O_RDWR | O_TMPFILE, 0640));
  MUST_MOVE(write(fd, block, 20000), 20000);
  char self[64];
  snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
  MUST(linkat(AT_FDCWD, self, dir, "was-nameless", AT_SYMLINK_FOLLOW));
  MUST_MOVE(pwrite(fd, "later", 5, 40000), 5);
  MUST(close(fd));
  fd = (int)MUST(openat(dir, ".", O_RDWR | O_TMPFILE, 0600));
  MUST_MOVE(write(fd, block, 20000), 20000);
  MUST(close(fd));
}

void verbs_data(int parent) {
  int dir = make_directory(parent, "data");
  plain_writes(dir);
  appended_writes(dir);
  direct_writes(dir);
  truncations(dir);
  holes(dir);
  copies(dir);
  mappings(dir);
  unlinked_but_open(dir);
  nameless(dir);
  MUST(close(dir));
}
