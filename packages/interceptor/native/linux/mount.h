/* What the rooms of the mount helper share: one directory (mount.c), one under a cover (mount_beneath.c), and one with file systems mounted in it (mount_tree.c). */
#ifndef MOUNT_H
#define MOUNT_H
#include "server.h"

#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#endif

int refused(const char *code, const char *what); /* prints it with errno's text; 1 */
bool unhex(const char *hex, char *out, size_t room);
int clone_of(const char *path);                  /* a detached copy of the mount that `path` is the top of; -1 */
int private_view(const char *path, uint64_t *node); /* such a copy that nothing is passed on to, of a file system we can serve; -1, refused */
int connect_holder(const char *directory);
bool holder_ask(int holder, const char *line, const int *fds, int count);
bool holder_let_go(int holder, const char *id);    /* what it was given to adopt */
bool holder_adopt(int holder, const char *id, uint64_t node, const char *hex, const int *fds); /* device, tree */
int fuse_mount(const char *path, int device, int tree); /* as mount(2) */
unsigned long mount_flags(int tree);             /* what the underlying mount forbids */
int mount_beneath(const char *path, int device, int tree, int holder, const char *id); /* 0, or refused */
#endif
