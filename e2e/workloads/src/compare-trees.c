/*
 * compare-trees A B [--atime-below NAME] [--space-below NAME] [--skip-holes yes] [--ignore NAME]...: every difference between two trees, one a line.
 * Names, types, content, holes, owner, mode, times in nanoseconds, link structure, devices, extended attributes (with ACLs and
 * capabilities). Not compared, and why:
 *   ctime: no program can set it.
 *   atime, but beneath directories called NAME: reading changes it on the source alone, and is not a modification. Of directories
 *     and links even there only where it is newer than their other times: this program itself reads them through the source's
 *     mount, and relatime lets a reading change every other one.
 *   less space on B, but beneath directories called NAME: a mirror carries data and holes, and space that is allocated and was
 *     never written reads as a hole. What is allocated under protection is a call of its own and arrives as one.
 * With --skip-holes what is a hole in both, as the file systems say, is not read; for files far larger than their content.
 * Exit 0: equal, 1: different, 2: could not compare. On purpose no code of the product is used: a blind spot would be shared.
 */
#include "check.h"
#include "holes.h"
#include <dirent.h>
#include <sys/xattr.h>

enum { MOST_IGNORED = 16, MOST_SHOWN = 200 };
static const char *ignored[MOST_IGNORED];
static int ignored_count = 0;
static const char *atime_below = NULL, *space_below = NULL;
/* What holds in the directory at hand: it lies beneath one of these. */
typedef struct {
  int atime, space;
} Also;
static int skip_holes = 0;
static long differences = 0, entries = 0;
static char path[1 << 17];
static size_t path_length = 0;

static void differ(const char *what, const char *format, ...) {
  differences += 1;
  if (differences > MOST_SHOWN) return;
  for (size_t i = 0; i < path_length && i < 600; i += 1) {
    unsigned char c = (unsigned char)path[i];
    if (c < 0x20 || c >= 0x7f || c == '\\') printf("\\x%02x", c);
    else putchar(c);
  }
  printf("\t%s\t", what);
  va_list list;
  va_start(list, format);
  vprintf(format, list);
  va_end(list);
  putchar('\n');
}

__attribute__((noreturn)) static void give_up(const char *call) {
  fprintf(stderr, "cannot compare at %.*s: %s: %s\n", (int)(path_length < 600 ? path_length : 600), path, call, errno_name(errno));
  exit(2);
}

/* ---- which file of B is which file of A, to compare hard links */
typedef struct { dev_t a_dev, b_dev; ino_t a, b; } Pair;
typedef struct { Pair *slots; size_t size, used; int by_b; } PairTable;
static PairTable forward = {NULL, 0, 0, 0}, backward = {NULL, 0, 0, 1};

static size_t slot_of(const PairTable *table, const Pair *pair) {
  uint64_t key = table->by_b ? (uint64_t)pair->b : (uint64_t)pair->a;
  size_t at = (size_t)(key * 0x9e3779b97f4a7c15ull >> 20) & (table->size - 1);
  for (;; at = (at + 1) & (table->size - 1)) {
    const Pair *found = &table->slots[at];
    if (found->a == 0 && found->b == 0) return at;
    if (table->by_b ? found->b == pair->b && found->b_dev == pair->b_dev
                    : found->a == pair->a && found->a_dev == pair->a_dev)
      return at;
  }
}

/** The pair known for this file; the given one where it is new. */
static Pair remember(PairTable *table, Pair pair) {
  if (table->used * 2 >= table->size) {
    PairTable grown = {calloc(table->size ? table->size * 2 : 4096, sizeof(Pair)), table->size ? table->size * 2 : 4096,
                       table->used, table->by_b};
    if (grown.slots == NULL) give_up("calloc");
    for (size_t i = 0; i < table->size; i += 1)
      if (table->slots[i].a != 0) grown.slots[slot_of(&grown, &table->slots[i])] = table->slots[i];
    free(table->slots);
    *table = grown;
  }
  size_t at = slot_of(table, &pair);
  if (table->slots[at].a == 0 && table->slots[at].b == 0) {
    table->slots[at] = pair;
    table->used += 1;
  }
  return table->slots[at];
}

static void compare_links(const struct stat *a, const struct stat *b) {
  if (a->st_nlink != b->st_nlink) differ("links", "%lu | %lu", (unsigned long)a->st_nlink, (unsigned long)b->st_nlink);
  if (a->st_nlink < 2 && b->st_nlink < 2) return;
  Pair pair = {a->st_dev, b->st_dev, a->st_ino, b->st_ino};
  Pair there = remember(&forward, pair), back = remember(&backward, pair);
  if (there.b != b->st_ino || back.a != a->st_ino) differ("hard link", "names of one file here are not names of one file there");
}

/* ---- metadata */
static void compare_time(const char *what, struct timespec a, struct timespec b) {
  if (a.tv_sec != b.tv_sec || a.tv_nsec != b.tv_nsec)
    differ(what, "%ld.%09ld | %ld.%09ld", (long)a.tv_sec, a.tv_nsec, (long)b.tv_sec, b.tv_nsec);
}

static int newer(struct timespec a, struct timespec b) {
  return a.tv_sec != b.tv_sec ? a.tv_sec > b.tv_sec : a.tv_nsec > b.tv_nsec;
}

/** relatime: reading sets an access time that is not newer than the others, and leaves the rest for a day. B was not read. */
static int reading_leaves_atime(const struct stat *a, const struct stat *b) {
  if (!S_ISLNK(a->st_mode) && !S_ISDIR(a->st_mode)) return 1;
  return newer(b->st_atim, a->st_mtim) && newer(b->st_atim, a->st_ctim);
}

static void compare_stat(const struct stat *a, const struct stat *b, Also also) {
  if (a->st_mode != b->st_mode) differ("mode", "%o | %o", a->st_mode, b->st_mode);
  if (a->st_uid != b->st_uid) differ("owner", "%u | %u", a->st_uid, b->st_uid);
  if (a->st_gid != b->st_gid) differ("group", "%u | %u", a->st_gid, b->st_gid);
  compare_time("mtime", a->st_mtim, b->st_mtim);
  if (also.atime && reading_leaves_atime(a, b)) compare_time("atime", a->st_atim, b->st_atim);
  if (S_ISCHR(a->st_mode) || S_ISBLK(a->st_mode))
    if (a->st_rdev != b->st_rdev) differ("device", "%lx | %lx", (long)a->st_rdev, (long)b->st_rdev);
  if (!S_ISDIR(a->st_mode)) compare_links(a, b);
  if (!S_ISREG(a->st_mode)) return;
  if (a->st_size != b->st_size) differ("size", "%ld | %ld", (long)a->st_size, (long)b->st_size);
  /* Layouts differ a little, and space beyond the end is nobody's content; a hole that was filled is far beyond this. */
  long here = (long)a->st_blocks * 512, there = (long)b->st_blocks * 512;
  if (there - here > 131072 + here / 8) differ("hole filled", "%ld | %ld bytes on disk", here, there);
  if (also.space && here - there > 131072 + there / 8) differ("space missing", "%ld | %ld bytes on disk", here, there);
}

static const char *entry_path(char *into, size_t size, int dir, const char *name) {
  snprintf(into, size, "/proc/self/fd/%d/%s", dir, name);
  return into;
}

static int compare_names(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static size_t list_attributes(int dir, const char *name, char *buffer, char **names) {
  char at[512];
  ssize_t length = llistxattr(entry_path(at, sizeof at, dir, name), buffer, 65536);
  if (length < 0 && (errno == ENOTSUP || errno == EPERM)) return 0;
  if (length < 0) give_up("llistxattr");
  size_t count = 0;
  for (ssize_t i = 0; i < length && count < 512; i += (ssize_t)strlen(buffer + i) + 1) names[count++] = buffer + i;
  qsort(names, count, sizeof *names, compare_names);
  return count;
}

static void compare_value(int a, int b, const char *name, const char *attribute) {
  static char value_a[65536], value_b[65536];
  char at[512];
  ssize_t length_a = lgetxattr(entry_path(at, sizeof at, a, name), attribute, value_a, sizeof value_a);
  ssize_t length_b = lgetxattr(entry_path(at, sizeof at, b, name), attribute, value_b, sizeof value_b);
  if (length_a < 0 || length_b < 0) give_up("lgetxattr");
  if (length_a != length_b || memcmp(value_a, value_b, (size_t)length_a) != 0)
    differ("attribute value", "%s (%ld | %ld bytes)", attribute, (long)length_a, (long)length_b);
}

static void compare_attributes(int a, int b, const char *name) {
  static char buffer_a[65536], buffer_b[65536];
  char *names_a[512], *names_b[512];
  size_t count_a = list_attributes(a, name, buffer_a, names_a), count_b = list_attributes(b, name, buffer_b, names_b);
  size_t i = 0, j = 0;
  while (i < count_a || j < count_b) {
    int order = i == count_a ? 1 : j == count_b ? -1 : strcmp(names_a[i], names_b[j]);
    if (order < 0) differ("attribute missing", "%s", names_a[i]);
    if (order > 0) differ("attribute extra", "%s", names_b[j]);
    if (order == 0) compare_value(a, b, name, names_a[i]);
    i += order <= 0;
    j += order >= 0;
  }
}

/* ---- content */
static int open_quietly(int dir, const char *name, int flags) {
  int fd = openat(dir, name, flags | O_NOATIME | O_NOFOLLOW);
  if (fd < 0 && errno == EPERM) fd = openat(dir, name, flags | O_NOFOLLOW);
  if (fd < 0) give_up("openat");
  return fd;
}

static void compare_content(int a_dir, int b_dir, const char *name) {
  static char block_a[1 << 20], block_b[1 << 20];
  int a = open_quietly(a_dir, name, O_RDONLY), b = open_quietly(b_dir, name, O_RDONLY);
  for (off_t at = 0;;) {
    size_t length = skip_holes ? next_data(a, b, &at, sizeof block_a) : sizeof block_a;
    ssize_t got_a = pread(a, block_a, length, at), got_b = pread(b, block_b, length, at);
    if (got_a < 0 || got_b < 0) give_up("pread");
    ssize_t both = got_a < got_b ? got_a : got_b, i = 0;
    if (memcmp(block_a, block_b, (size_t)both) != 0) {
      while (block_a[i] == block_b[i]) i += 1;
      differ("content", "first at byte %ld", (long)(at + i));
      break;
    }
    if (both == 0) break;
    at += both;
  }
  close(a);
  close(b);
}

static void compare_target(int a_dir, int b_dir, const char *name) {
  char a[4097], b[4097];
  ssize_t length_a = readlinkat(a_dir, name, a, sizeof a), length_b = readlinkat(b_dir, name, b, sizeof b);
  if (length_a < 0 || length_b < 0) give_up("readlinkat");
  if (length_a != length_b || memcmp(a, b, (size_t)length_a) != 0) differ("link target", "%ld | %ld bytes", (long)length_a, (long)length_b);
}

/* ---- directories */
typedef struct { char **names; size_t count; } Listing;

static Listing list_directory(int dir, int top) {
  int fd = open_quietly(dir, ".", O_RDONLY | O_DIRECTORY);
  DIR *stream = fdopendir(fd);
  if (stream == NULL) give_up("fdopendir");
  Listing listing = {NULL, 0};
  size_t room = 0;
  errno = 0;
  for (struct dirent *entry; (entry = readdir(stream)) != NULL; errno = 0) {
    int skip = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    for (int i = 0; top && i < ignored_count; i += 1) skip |= strcmp(entry->d_name, ignored[i]) == 0;
    if (skip) continue;
    if (listing.count == room) listing.names = realloc(listing.names, (room = room ? room * 2 : 64) * sizeof(char *));
    listing.names[listing.count++] = strdup(entry->d_name);
  }
  if (errno != 0) give_up("readdir");
  closedir(stream);
  if (listing.count > 0) qsort(listing.names, listing.count, sizeof(char *), compare_names);
  return listing;
}

static void compare_directories(int a, int b, Also also, int top);

static void compare_entry(int a, int b, const char *name, Also also) {
  struct stat stat_a, stat_b;
  if (fstatat(a, name, &stat_a, AT_SYMLINK_NOFOLLOW) < 0 || fstatat(b, name, &stat_b, AT_SYMLINK_NOFOLLOW) < 0) give_up("fstatat");
  entries += 1;
  if ((stat_a.st_mode & S_IFMT) != (stat_b.st_mode & S_IFMT)) {
    differ("type", "%o | %o", stat_a.st_mode, stat_b.st_mode);
    return;
  }
  compare_stat(&stat_a, &stat_b, also);
  compare_attributes(a, b, name);
  if (S_ISLNK(stat_a.st_mode)) compare_target(a, b, name);
  if (S_ISREG(stat_a.st_mode)) compare_content(a, b, name);
  if (!S_ISDIR(stat_a.st_mode)) return;
  int below_a = open_quietly(a, name, O_RDONLY | O_DIRECTORY), below_b = open_quietly(b, name, O_RDONLY | O_DIRECTORY);
  also.atime |= atime_below != NULL && strcmp(name, atime_below) == 0;
  also.space |= space_below != NULL && strcmp(name, space_below) == 0;
  compare_directories(below_a, below_b, also, 0);
  close(below_a);
  close(below_b);
}

static void compare_directories(int a, int b, Also also, int top) {
  Listing here = list_directory(a, top), there = list_directory(b, top);
  size_t i = 0, j = 0, length = path_length;
  while (i < here.count || j < there.count) {
    int order = i == here.count ? 1 : j == there.count ? -1 : strcmp(here.names[i], there.names[j]);
    const char *name = order <= 0 ? here.names[i] : there.names[j];
    path_length = length + (size_t)snprintf(path + length, sizeof path - length, "%s%s", length ? "/" : "", name);
    if (order < 0) differ("missing", "only in the first");
    if (order > 0) differ("extra", "only in the second");
    if (order == 0) compare_entry(a, b, name, also);
    path_length = length;
    i += order <= 0;
    j += order >= 0;
  }
  for (size_t k = 0; k < here.count; k += 1) free(here.names[k]);
  for (size_t k = 0; k < there.count; k += 1) free(there.names[k]);
  free(here.names);
  free(there.names);
}

int main(int count, char **values) {
  if (count < 3) {
    fprintf(stderr, "usage: compare-trees A B [--atime-below NAME] [--space-below NAME] [--skip-holes yes] [--ignore NAME]...\n");
    return 2;
  }
  for (int i = 3; i + 1 < count; i += 2)
    if (strcmp(values[i], "--ignore") == 0 && ignored_count < MOST_IGNORED) ignored[ignored_count++] = values[i + 1];
  atime_below = option(count, values, "--atime-below", NULL);
  space_below = option(count, values, "--space-below", NULL);
  skip_holes = option(count, values, "--skip-holes", NULL) != NULL;
  int a = open(values[1], O_RDONLY | O_DIRECTORY), b = open(values[2], O_RDONLY | O_DIRECTORY);
  struct stat stat_a, stat_b;
  if (a < 0 || b < 0 || fstat(a, &stat_a) < 0 || fstat(b, &stat_b) < 0) give_up("open of the two roots");
  compare_stat(&stat_a, &stat_b, (Also){0, 0});
  compare_attributes(a, b, ".");
  compare_directories(a, b, (Also){0, 0}, 1);
  printf("%ld entries compared, %ld differences\n", entries, differences);
  return differences == 0 ? 0 : 1;
}
