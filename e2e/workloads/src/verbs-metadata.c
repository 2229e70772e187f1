/*
 * Everything that is not bytes and not names: owner, mode with setuid and friends, times in nanoseconds, extended attributes,
 * ACLs as raw attributes, capabilities, and what the kernel changes by itself (setuid cleared by a stranger's write).
 */
#include "verbs.h"
#include <sys/xattr.h>

static void owners_and_modes(int dir) {
  scene = "owners and modes";
  const int modes[] = {0, 0777, 04755, 02755, 06711, 01644, 0400, 07777};
  for (size_t i = 0; i < sizeof modes / sizeof *modes; i += 1) {
    char name[32];
    snprintf(name, sizeof name, "mode-%04o", (unsigned)modes[i]);
    make_file(dir, name, name);
    MUST(fchownat(dir, name, (uid_t)(1000 + i), (gid_t)(70000 + i), 0));
    MUST(fchmodat(dir, name, (mode_t)modes[i], 0));
  }
  make_file(dir, "big-numbers", "");
  MUST(fchownat(dir, "big-numbers", 4294967293u, 3000000000u, 0));
  make_file(dir, "group-only", "");
  MUST(fchownat(dir, "group-only", (uid_t)-1, 12, 0));
  make_file(dir, "chown-clears-setuid", "");
  MUST(fchmodat(dir, "chown-clears-setuid", 06755, 0));
  MUST(fchownat(dir, "chown-clears-setuid", 5, 5, 0));
  MUST(symlinkat("mode-0000", dir, "owned-link"));
  MUST(fchownat(dir, "owned-link", 42, 43, AT_SYMLINK_NOFOLLOW));
  MUST(mkdirat(dir, "setgid-folder", 0755));
  MUST(fchownat(dir, "setgid-folder", 0, 77, 0));
  MUST(fchmodat(dir, "setgid-folder", 02775, 0));
  MUST(mkdirat(dir, "setgid-folder/inherits", 0755));
  MUST(mkdirat(dir, "sticky", 0755));
  MUST(fchmodat(dir, "sticky", 01777, 0));
}

/** A process without privilege writes into, truncates and creates: owner, setuid and group come out as the file system does them. */
static void as_a_stranger(int dir) {
  scene = "as a stranger";
  const char *suid[] = {"written", "truncated"};
  for (int i = 0; i < 2; i += 1) {
    make_file(dir, suid[i], "content of a setuid file");
    MUST(fchmodat(dir, suid[i], 06777, 0));
  }
  MUST(mkdirat(dir, "open-to-all", 0755));
  MUST(fchmodat(dir, "open-to-all", 02777, 0));
  pid_t child = (pid_t)MUST(fork());
  if (child == 0) {
    MUST(setgid(65534));
    MUST(setuid(65534));
    int fd = (int)MUST(openat(dir, "written", O_WRONLY | O_APPEND));
    MUST_MOVE(write(fd, "!", 1), 1);
    MUST(close(fd));
    fd = (int)MUST(openat(dir, "truncated", O_WRONLY));
    MUST(ftruncate(fd, 3));
    MUST(close(fd));
    umask(027);
    fd = (int)MUST(openat(dir, "open-to-all/by-nobody", O_WRONLY | O_CREAT | O_EXCL, 0666));
    MUST(close(fd));
    MUST_REFUSE(openat(dir, "by-nobody", O_WRONLY | O_CREAT, 0666), EACCES);
    MUST_REFUSE(fchmodat(dir, "written", 0777, 0), EPERM);
    _exit(0);
  }
  int status = 0;
  MUST(waitpid(child, &status, 0));
  HOLDS(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void times(int dir) {
  scene = "times";
  const struct timespec sets[][2] = {
      {{1, 1}, {2, 999999999}},
      {{-86400, 500}, {-1, 999999998}},
      {{4294967296, 7}, {4102444800, 123456789}},
      {{1700000000, 0}, {1700000000, 1}},
  };
  for (size_t i = 0; i < sizeof sets / sizeof *sets; i += 1) {
    char name[32];
    snprintf(name, sizeof name, "time-%zu", i);
    make_file(dir, name, name);
    MUST(utimensat(dir, name, sets[i], 0));
  }
  make_file(dir, "modified-only", "");
  const struct timespec omitted[2] = {{0, UTIME_OMIT}, {1234567890, 987654321}};
  MUST(utimensat(dir, "modified-only", omitted, 0));
  make_file(dir, "now", "");
  const struct timespec current[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};
  MUST(utimensat(dir, "now", current, 0));
  MUST(symlinkat("time-0", dir, "timed-link"));
  MUST(utimensat(dir, "timed-link", sets[3], AT_SYMLINK_NOFOLLOW));
  MUST(mkdirat(dir, "timed-folder", 0755));
  make_file(dir, "timed-folder/inside", "");
  MUST(utimensat(dir, "timed-folder", sets[0], 0));
  /* Ahead of every other time they have: no reading changes these, so that they can be compared to the nanosecond. */
  MUST(symlinkat("time-1", dir, "timed-link-ahead"));
  MUST(utimensat(dir, "timed-link-ahead", sets[2], AT_SYMLINK_NOFOLLOW));
  MUST(mkdirat(dir, "timed-folder-ahead", 0755));
  make_file(dir, "timed-folder-ahead/inside", "");
  MUST(utimensat(dir, "timed-folder-ahead", sets[2], 0));
  int fd = (int)MUST(openat(dir, "time-0", O_WRONLY | O_APPEND));
  MUST(futimens(fd, sets[2]));
  MUST(close(fd));
}

static void attributes(int dir) {
  scene = "extended attributes";
  unsigned char value[1800];
  fill(value, sizeof value, 11);
  int fd = (int)MUST(openat(dir, "attributed", O_RDWR | O_CREAT, 0644));
  MUST(fsetxattr(fd, "user.text", "value", 5, XATTR_CREATE));
  MUST(fsetxattr(fd, "user.binary", value, sizeof value, 0));
  MUST(fsetxattr(fd, "user.empty", "", 0, 0));
  MUST(fsetxattr(fd, "user.n\xff\xc3\xa9me", "odd name", 8, 0));
  MUST(fsetxattr(fd, "trusted.secret", "t", 1, 0));
  MUST(fsetxattr(fd, "security.custom", "s", 1, 0));
  MUST(fsetxattr(fd, "user.text", "replaced", 8, XATTR_REPLACE));
  MUST(fsetxattr(fd, "user.gone", "x", 1, 0));
  MUST(fremovexattr(fd, "user.gone"));
  MUST_REFUSE(fsetxattr(fd, "user.text", "y", 1, XATTR_CREATE), EEXIST);
  MUST_REFUSE(fremovexattr(fd, "user.gone"), ENODATA);
  MUST(close(fd));
  fd = make_directory(dir, "attributed-folder");
  MUST(fsetxattr(fd, "user.on-a-folder", "1", 1, 0));
  MUST(close(fd));
}

static void capability(int dir) {
  scene = "capability";
  const uint32_t net_bind[5] = {0x02000001u, 1u << 10, 0, 0, 0};
  const char *names[] = {"capable", "no-longer-capable"};
  for (int i = 0; i < 2; i += 1) {
    make_file(dir, names[i], "#!/bin/true\n");
    int fd = (int)MUST(openat(dir, names[i], O_RDWR));
    MUST(fsetxattr(fd, "security.capability", net_bind, sizeof net_bind, 0));
    /* Writing into it takes the capability away: the kernel removes the attribute. */
    if (i == 1) MUST_MOVE(write(fd, "changed", 7), 7);
    MUST(close(fd));
  }
}

typedef struct { uint16_t tag, permission; uint32_t id; } AclEntry;
static void set_acl(int fd, const char *which) {
  struct { uint32_t version; AclEntry entries[5]; } __attribute__((packed)) acl = {
      2, {{0x01, 7, UINT32_MAX}, {0x02, 6, 1234}, {0x04, 5, UINT32_MAX}, {0x10, 6, UINT32_MAX}, {0x20, 1, UINT32_MAX}}};
  if (fsetxattr(fd, which, &acl, sizeof acl, 0) < 0) fail_call(which, errno);
}

static void access_lists(int dir) {
  scene = "ACL";
  make_file(dir, "listed", "");
  int fd = (int)MUST(openat(dir, "listed", O_RDWR));
  set_acl(fd, "system.posix_acl_access");
  MUST(close(fd));
  make_file(dir, "list-then-mode", "");
  fd = (int)MUST(openat(dir, "list-then-mode", O_RDWR));
  set_acl(fd, "system.posix_acl_access");
  MUST(fchmod(fd, 0700));
  MUST(close(fd));
  make_file(dir, "list-removed", "");
  fd = (int)MUST(openat(dir, "list-removed", O_RDWR));
  set_acl(fd, "system.posix_acl_access");
  MUST(fremovexattr(fd, "system.posix_acl_access"));
  MUST(close(fd));
  fd = make_directory(dir, "inheriting");
  set_acl(fd, "system.posix_acl_default");
  mode_t before = umask(077);
  make_file(fd, "inherits", "the default list, not the umask, decides");
  MUST(mkdirat(fd, "inherits-too", 0777));
  make_file(fd, "inherits-too/below", "");
  umask(before);
  MUST(close(fd));
}

void verbs_metadata(int parent) {
  int dir = make_directory(parent, "metadata");
  owners_and_modes(dir);
  as_a_stranger(dir);
  attributes(dir);
  capability(dir);
  access_lists(dir);
  int timed = make_directory(dir, "times");
  times(timed);
  MUST(close(timed));
  MUST(close(dir));
}
