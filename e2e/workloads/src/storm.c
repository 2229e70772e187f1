/*
 * storm DIR [--seed N] [--operations N] [--pace-us N]: creates, renames, links and deletes at full speed across a changing tree of
 * directories, the same sequence for the same seed, until SIGTERM or N operations. It keeps a model of what must exist, so every
 * call has one right outcome; anything else ends it with call and errno. Last line: JSON {operations, files}.
 */
#include "check.h"

enum { DIRECTORIES = 24, SLOTS = 48, NO_FILE = 0 };

/** A directory of the model: where it lies now, and which file (by identity) each of its names holds. */
typedef struct {
  int alive, parent, name;
  int files[SLOTS];
} Directory;

static Directory tree[DIRECTORIES];
static int next_file = 1, next_name = 1;
static int links_of[1 << 20];
static Random dice;
static int root_fd;
static unsigned char content[65536];

static const char *place(char *into, size_t size, int directory, int slot) {
  char above[160] = "";
  if (directory > 0 && tree[directory].parent > 0) snprintf(above, sizeof above, "d%d/", tree[tree[directory].parent].name);
  char own[96] = "";
  if (directory > 0) snprintf(own, sizeof own, "d%d/", tree[directory].name);
  if (slot >= 0) snprintf(into, size, "%s%sf%d", above, own, slot);
  else snprintf(into, size, "%s%s.", above, own);
  return into;
}

/** The path of a directory without the trailing dot, as rename and rmdir want it. */
static const char *directory_path(char *into, size_t size, int directory) {
  place(into, size, directory, -1);
  into[strlen(into) - 2] = '\0';
  return into;
}

static int pick_directory(void) {
  for (;;) {
    int directory = (int)random_below(&dice, DIRECTORIES);
    if (tree[directory].alive) return directory;
  }
}

/** A name that holds a file (wanted) or none; 0 where chance found no such name. */
static int pick_slot(int wanted, int *directory, int *slot) {
  for (int tries = 0; tries < 64; tries += 1) {
    *directory = pick_directory();
    *slot = (int)random_below(&dice, SLOTS);
    if ((tree[*directory].files[*slot] != NO_FILE) == wanted) return 1;
  }
  return 0;
}

static void create_one(void) {
  int directory, slot;
  char path[256];
  if (!pick_slot(0, &directory, &slot) || next_file >= 1 << 20) return;
  place(path, sizeof path, directory, slot);
  if (random_below(&dice, 10) == 0) {
    MUST(symlinkat("../somewhere/else", root_fd, path));
    tree[directory].files[slot] = -next_file;
  } else {
    int fd = (int)MUST(openat(root_fd, path, O_WRONLY | O_CREAT | O_EXCL, 0600 + random_below(&dice, 64)));
    unsigned length = random_below(&dice, 4) == 0 ? random_below(&dice, 40000) : random_below(&dice, 3000);
    fill(content, length, (uint64_t)next_file);
    MUST_MOVE(write(fd, content, length), length);
    MUST(close(fd));
    tree[directory].files[slot] = next_file;
  }
  links_of[next_file++] = 1;
}

static void write_one(void) {
  int directory, slot;
  char path[256];
  if (!pick_slot(1, &directory, &slot) || tree[directory].files[slot] < 0) return;
  place(path, sizeof path, directory, slot);
  unsigned kind = random_below(&dice, 4);
  int fd = (int)MUST(openat(root_fd, path, O_WRONLY | (kind == 0 ? O_APPEND : 0) | (kind == 1 ? O_TRUNC : 0)));
  unsigned length = 1 + random_below(&dice, 9000);
  fill(content, length, random_next(&dice));
  if (kind < 3) MUST_MOVE(write(fd, content, length), length);
  else MUST_MOVE(pwrite(fd, content, length, random_below(&dice, 20000)), length);
  if (random_below(&dice, 6) == 0) MUST(ftruncate(fd, random_below(&dice, 12000)));
  if (random_below(&dice, 6) == 0) MUST(fchmod(fd, 0600 + random_below(&dice, 64)));
  MUST(close(fd));
}

static void drop(int file) {
  int identity = abs(file);
  if (file != NO_FILE) links_of[identity] -= 1;
}

static void rename_one(void) {
  int from, from_slot;
  char old_path[256], new_path[256];
  if (!pick_slot(1, &from, &from_slot)) return;
  int to = pick_directory(), to_slot = (int)random_below(&dice, SLOTS);
  int file = tree[from].files[from_slot], there = tree[to].files[to_slot];
  place(old_path, sizeof old_path, from, from_slot);
  place(new_path, sizeof new_path, to, to_slot);
  if (there != NO_FILE && random_below(&dice, 3) == 0) {
    MUST(renameat2(root_fd, old_path, root_fd, new_path, RENAME_EXCHANGE));
    tree[from].files[from_slot] = there;
    tree[to].files[to_slot] = file;
    return;
  }
  MUST(renameat(root_fd, old_path, root_fd, new_path));
  if (file == there) return;
  drop(there);
  tree[from].files[from_slot] = NO_FILE;
  tree[to].files[to_slot] = file;
}

static void link_one(void) {
  int from, from_slot, to, to_slot;
  char old_path[256], new_path[256];
  if (!pick_slot(1, &from, &from_slot) || !pick_slot(0, &to, &to_slot)) return;
  place(old_path, sizeof old_path, from, from_slot);
  place(new_path, sizeof new_path, to, to_slot);
  MUST(linkat(root_fd, old_path, root_fd, new_path, 0));
  tree[to].files[to_slot] = tree[from].files[from_slot];
  links_of[abs(tree[from].files[from_slot])] += 1;
}

static void unlink_one(void) {
  int directory, slot;
  char path[256];
  if (!pick_slot(1, &directory, &slot)) return;
  place(path, sizeof path, directory, slot);
  MUST(unlinkat(root_fd, path, 0));
  drop(tree[directory].files[slot]);
  tree[directory].files[slot] = NO_FILE;
}

static int is_empty(int directory) {
  for (int i = 0; i < SLOTS; i += 1)
    if (tree[directory].files[i] != NO_FILE) return 0;
  for (int i = 1; i < DIRECTORIES; i += 1)
    if (tree[i].alive && tree[i].parent == directory) return 0;
  return 1;
}

static int has_directories(int directory) {
  for (int i = 1; i < DIRECTORIES; i += 1)
    if (tree[i].alive && tree[i].parent == directory) return 1;
  return 0;
}

/** Two levels are enough to move directories into and out of others; a parent with directories in it stays at the top. */
static int pick_parent(int directory) {
  if (random_below(&dice, 2) == 0 || has_directories(directory)) return 0;
  int parent = pick_directory();
  return parent != directory && tree[parent].parent == 0 ? parent : 0;
}

static void make_one_directory(void) {
  char path[256];
  int directory = 1 + (int)random_below(&dice, DIRECTORIES - 1);
  if (tree[directory].alive) return;
  memset(&tree[directory], 0, sizeof tree[directory]);
  tree[directory].parent = pick_parent(directory);
  tree[directory].name = next_name++;
  MUST(mkdirat(root_fd, directory_path(path, sizeof path, directory), 0755));
  tree[directory].alive = 1;
}

static void rename_directory(void) {
  char old_path[256], new_path[256];
  int directory = 1 + (int)random_below(&dice, DIRECTORIES - 1);
  if (!tree[directory].alive) return;
  directory_path(old_path, sizeof old_path, directory);
  tree[directory].parent = pick_parent(directory);
  tree[directory].name = next_name++;
  MUST(renameat(root_fd, old_path, root_fd, directory_path(new_path, sizeof new_path, directory)));
}

/** Empties and removes a directory, as `rm -r` does. */
static void remove_directory(void) {
  char path[256];
  int directory = 1 + (int)random_below(&dice, DIRECTORIES - 1);
  if (!tree[directory].alive || has_directories(directory)) return;
  for (int slot = 0; slot < SLOTS; slot += 1) {
    if (tree[directory].files[slot] == NO_FILE) continue;
    MUST(unlinkat(root_fd, place(path, sizeof path, directory, slot), 0));
    drop(tree[directory].files[slot]);
    tree[directory].files[slot] = NO_FILE;
  }
  HOLDS(is_empty(directory));
  MUST(unlinkat(root_fd, directory_path(path, sizeof path, directory), AT_REMOVEDIR));
  tree[directory].alive = 0;
}

static void one_operation(void) {
  unsigned turn = random_below(&dice, 100);
  if (turn < 30) create_one();
  else if (turn < 50) write_one();
  else if (turn < 70) rename_one();
  else if (turn < 76) link_one();
  else if (turn < 92) unlink_one();
  else if (turn < 95) make_one_directory();
  else if (turn < 99) rename_directory();
  else remove_directory();
}

int main(int count, char **values) {
  if (count < 2) {
    fprintf(stderr, "usage: storm DIR [--seed N] [--operations N] [--pace-us N]\n");
    return 2;
  }
  scene = "storm";
  stop_on_sigterm();
  dice = random_from((uint64_t)option_number(count, values, "--seed", 1));
  long most = option_number(count, values, "--operations", LONG_MAX), pace = option_number(count, values, "--pace-us", 0), done = 0;
  root_fd = (int)MUST(open(values[1], O_RDONLY | O_DIRECTORY));
  tree[0].alive = 1;
  for (; done < most && !stopping; done += 1) {
    one_operation();
    if (done % 1000 == 999) {
      printf("%ld\n", done + 1);
      fflush(stdout);
    }
    if (pace > 0) usleep((useconds_t)pace);
  }
  printf("{\"operations\":%ld,\"files\":%d}\n", done, next_file - 1);
  return 0;
}
