/*
 * metadata DIR: 23 things that a faithful copy must carry, each in a folder of its own below DIR, named NN-WHAT.
 * In: an empty folder, root's rights. Out: the folders; their names on stdout, a line each. Promised: a case that this file system
 * cannot hold is not made and says so on stderr.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

static int number = 0;
static const char *current = "";

static int failed(const char *call) {
  fprintf(stderr, "%s cannot be made here: %s: %s\n", current, call, strerror(errno));
  return -1;
}

/* The working directory is the case's own folder; only made cases are printed. */
#define CASE(name, body)                                                              \
  do {                                                                                \
    char folder_[64];                                                                 \
    current = name;                                                                   \
    snprintf(folder_, sizeof folder_, "%02d-%s", ++number, name);                     \
    if (mkdir(folder_, 0755) < 0 || chdir(folder_) < 0) { failed("mkdir"); exit(1); } \
    int done_ = (body);                                                               \
    if (chdir("..") < 0) exit(1);                                                     \
    if (done_ >= 0) puts(folder_);                                                    \
  } while (0)

static int file(const char *name) {
  int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0644);
  if (fd < 0 || write(fd, "content\n", 8) != 8 || close(fd) < 0) return failed("open");
  return 0;
}

static int owned(void) { return file("file") < 0 || chown("file", 4711, 0) < 0 ? failed("chown") : 0; }
static int grouped(void) { return file("file") < 0 || chown("file", 0, 4712) < 0 ? failed("chown") : 0; }
static int mode(const char *name, mode_t bits) { return file(name) < 0 || chmod(name, bits) < 0 ? failed("chmod") : 0; }
static int folder_mode(mode_t bits) { return mkdir("folder", 0755) < 0 || chmod("folder", bits) < 0 ? failed("chmod") : 0; }

static int attribute(const char *name, const char *key, const void *value, size_t length) {
  return lsetxattr(name, key, value, length, 0) < 0 ? failed(key) : 0;
}

/* POSIX ACL: version 2, then tag, permissions and id of each entry; user 4711 may read and write. */
static int acl(const char *name, const char *key) {
  struct { uint32_t version; struct { uint16_t tag, permissions; uint32_t id; } entries[5]; } value = {
      2, {{0x01, 7, ~0u}, {0x02, 6, 4711}, {0x04, 5, ~0u}, {0x10, 7, ~0u}, {0x20, 0, ~0u}}};
  return attribute(name, key, &value, sizeof value);
}

static int capability(void) {
  const uint32_t value[5] = {0x02000001, 1u << 10, 0, 0, 0};
  return file("file") < 0 ? -1 : attribute("file", "security.capability", value, sizeof value);
}

static int linked(void) { return file("one") < 0 || link("one", "other") < 0 ? failed("link") : 0; }

static int sparse(void) {
  int fd = open("file", O_WRONLY | O_CREAT, 0644);
  if (fd < 0 || pwrite(fd, "end", 3, 64 << 20) != 3 || close(fd) < 0) return failed("pwrite");
  return 0;
}

static int socket_file(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"};
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0) return failed("bind");
  return close(fd);
}

static int timed(const char *name, int flags) {
  const struct timespec times[2] = {{1234567890, 111222333}, {987654321, 123456789}};
  return utimensat(AT_FDCWD, name, times, flags) < 0 ? failed("utimensat") : 0;
}

static int link_of_its_own(void) {
  if (symlink("../nowhere", "link") < 0 || lchown("link", 4711, 4712) < 0) return failed("symlink");
  return timed("link", AT_SYMLINK_NOFOLLOW);
}

static int all(void) {
  CASE("owner", owned());
  CASE("group", grouped());
  CASE("mode", mode("file", 0604));
  CASE("setuid", mode("file", 04755));
  CASE("setgid-folder", folder_mode(02775));
  CASE("sticky-folder", folder_mode(01777));
  CASE("no-permission", mode("file", 0));
  CASE("acl", file("file") < 0 ? -1 : acl("file", "system.posix_acl_access"));
  CASE("default-acl", mkdir("folder", 0755) < 0 ? -1 : acl("folder", "system.posix_acl_default"));
  CASE("xattr", file("file") < 0 ? -1 : attribute("file", "user.key", "value", 5));
  CASE("trusted-xattr", file("file") < 0 ? -1 : attribute("file", "trusted.key", "value", 5));
  CASE("folder-xattr", mkdir("folder", 0755) < 0 ? -1 : attribute("folder", "user.key", "value", 5));
  CASE("capability", capability());
  CASE("hard-link", linked());
  CASE("symlink", symlink("../01-owner/file", "link"));
  CASE("symlink-owner-time", link_of_its_own());
  CASE("sparse", sparse());
  CASE("fifo", mkfifo("fifo", 0640));
  CASE("device", mknod("device", S_IFCHR | 0600, makedev(1, 3)));
  CASE("socket", socket_file());
  CASE("nanosecond-time", file("file") < 0 ? -1 : timed("file", 0));
  CASE("folder-time", mkdir("folder", 0755) < 0 || file("folder/file") < 0 ? -1 : timed("folder", 0));
  CASE("name-no-utf8", file("n\xff\xfe\n"));
  return 0;
}

int main(int count, char **values) {
  if (count != 2 || chdir(values[1]) < 0) {
    fprintf(stderr, "usage: metadata DIR\n");
    return 2;
  }
  umask(0);
  return all();
}
