/*
 * Room of the mount helper for a directory with file systems mounted beneath it. The whole of it, our mount with every other
 * one in its place on top, is put together in a mount namespace of a child's own and then attached in one step: an application
 * never sees the directory without what was mounted in it, and where anything fails nothing has changed.
 *
 *   mount-tree DIRECTORY-OF-THE-SOCKET PART...  -> "ok" or "refused CODE SENTENCE"
 *   PART: serve:ID:PATH (a root of ours) or keep:PATH (as it is), paths in hexadecimal, outermost first; the first is served
 */
#include "mount.h"
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
#ifndef MOVE_MOUNT_F_EMPTY_PATH
#define MOVE_MOUNT_F_EMPTY_PATH 4
#endif
#define MAX_PARTS 512

struct part {
	bool served;
	char id[6];
	const char *hex;
	char path[MAX_PATH_BYTES];
	int device, tree;
	uint64_t node;
};

/* What the child tells: it has the descriptor table in common with us, but not the memory. */
struct told {
	int whole; /* the tree, detached; -1: failed at `part` with `error` */
	int part, error;
};

static bool read_part(char *text, struct part *part)
{
	char *colon = strrchr(text, ':');
	if (colon == NULL || !unhex(colon + 1, part->path, sizeof(part->path)))
		return false;
	part->hex = colon + 1;
	*colon = 0;
	part->served = strncmp(text, "serve:", 6) == 0;
	if (!part->served)
		return strcmp(text, "keep") == 0;
	size_t length = strlen(text + 6);
	if (length == 0 || length >= sizeof(part->id))
		return false;
	memcpy(part->id, text + 6, length + 1);
	return true;
}

/* Views and copies of everything as it is now, before anything of ours covers it. 0, or refused. */
static int take(struct part *part)
{
	if (!part->served) {
		part->tree = clone_of(part->path);
		return part->tree >= 0 ? 0 : refused("failed", part->path);
	}
	part->tree = private_view(part->path, &part->node);
	if (part->tree < 0)
		return 1;
	part->device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	return part->device >= 0 ? 0 : refused("no-device", "/dev/fuse");
}

static bool adopt(int holder, const struct part *part)
{
	const int fds[2] = { part->device, part->tree };
	return holder_adopt(holder, part->id, part->node, part->hex, fds);
}

static void drop_all(int holder, const struct part *parts, int count)
{
	for (int i = 0; i < count; i++)
		if (parts[i].served)
			(void)holder_let_go(holder, parts[i].id);
}

/* Our mount must answer before the next one's place can be looked up through it. */
static int place(int holder, const struct part *part)
{
	char line[32];
	if (!part->served)
		return (int)syscall(SYS_move_mount, part->tree, "", AT_FDCWD, part->path, MOVE_MOUNT_F_EMPTY_PATH);
	if (fuse_mount(part->path, part->device, part->tree) != 0)
		return -1;
	snprintf(line, sizeof(line), "serve %s\n", part->id);
	errno = EIO;
	return holder_ask(holder, line, NULL, 0) ? 0 : -1;
}

static _Noreturn void build(int holder, const struct part *parts, int count, struct told *told)
{
	int i = 0;
	told->part = -1;
	if (unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0) {
		while (i < count && place(holder, &parts[i]) == 0)
			i++;
		told->part = i;
		if (i == count)
			told->whole = (int)syscall(SYS_open_tree, AT_FDCWD, parts[0].path,
						   OPEN_TREE_CLONE | AT_RECURSIVE | O_CLOEXEC | AT_SYMLINK_NOFOLLOW);
	}
	told->error = errno;
	_exit(0);
}

static int attach(int holder, struct part *parts, int count)
{
	struct told *told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (told == MAP_FAILED)
		return refused("failed", "no memory");
	*told = (struct told){ -1, -1, EIO };
	pid_t child = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	if (child == 0)
		build(holder, parts, count, told);
	if (child > 0)
		(void)waitpid(child, NULL, 0);
	errno = told->error;
	if (told->whole < 0) {
		const bool at_part = told->part >= 0 && told->part < count;
		return refused(errno == EPERM ? "no-privilege" : "failed",
			       at_part ? parts[told->part].path : "the mounts cannot be put together");
	}
	if (syscall(SYS_move_mount, told->whole, "", AT_FDCWD, parts[0].path, MOVE_MOUNT_F_EMPTY_PATH) != 0)
		return refused(errno == EPERM ? "no-privilege" : "failed", "the mount failed");
	return 0;
}

int mount_tree_main(int argc, char **argv)
{
	int count = argc - 1, done = 0;
	struct part *parts = count > 0 && count <= MAX_PARTS ? calloc((size_t)count, sizeof(*parts)) : NULL;
	bool right = parts != NULL;
	for (int i = 0; right && i < count; i++)
		right = read_part(argv[i + 1], &parts[i]);
	if (!right || !parts[0].served) {
		errno = EINVAL;
		return refused("failed", "mount-tree wants a directory and what to mount, outermost first");
	}
	/* By this name other agents know that the namespace of the child is no way to anything. */
	(void)prctl(PR_SET_NAME, "fsi-mount", 0, 0, 0);
	for (int i = 0; i < count; i++)
		if (take(&parts[i]) != 0)
			return 1;
	int holder = connect_holder(argv[0]);
	if (holder < 0)
		return refused("failed", "the holder does not answer");
	while (done < count && (!parts[done].served || adopt(holder, &parts[done])))
		done++;
	errno = EIO;
	int result = done == count ? attach(holder, parts, count) : refused("failed", "the holder did not take the descriptors");
	if (result != 0)
		drop_all(holder, parts, done);
	else
		printf("ok\n");
	return result;
}
