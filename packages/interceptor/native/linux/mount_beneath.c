/*
 * Room of the mount helper for a directory that lies under a read-only cover of the agent's: ours is mounted beneath the cover, and then the
 * cover is taken away. Whoever comes by the path finds the one or the other, so that nothing can be written there unseen. The private view
 * is a copy of the cover, which may be written by us alone. A kernel that cannot mount beneath another mount (before 6.5) says so by
 * "no-beneath"; then nothing has changed.
 */
#include "mount.h"
#include <stdio.h>
#include <sys/mount.h>
#include <sys/syscall.h>

#ifndef SYS_fsopen
#define SYS_fsopen 430
#define SYS_fsconfig 431
#define SYS_fsmount 432
#endif
#define CONFIG_FLAG 0u
#define CONFIG_STRING 1u
#define CONFIG_CREATE 6u
#define CLOSE_ON_EXEC 1u
#define MOVE_EMPTY_PATH 4u
#define MOVE_BENEATH 0x200u

static bool set(int context, const char *key, const char *value)
{
	return syscall(SYS_fsconfig, context, value == NULL ? CONFIG_FLAG : CONFIG_STRING, key, value, 0) == 0;
}

/* A mount of ours that is nowhere yet; -1. */
static int detached_mount(int device, int tree)
{
	char fd[12];
	int mount = -1, context = (int)syscall(SYS_fsopen, "fuse", CLOSE_ON_EXEC);
	snprintf(fd, sizeof(fd), "%d", device);
	if (context >= 0 && set(context, "source", "understudy") && set(context, "subtype", "understudy") &&
	    set(context, "fd", fd) && set(context, "rootmode", "40000") && set(context, "user_id", "0") &&
	    set(context, "group_id", "0") && set(context, "allow_other", NULL) && set(context, "default_permissions", NULL) &&
	    syscall(SYS_fsconfig, context, CONFIG_CREATE, NULL, NULL, 0) == 0)
		mount = (int)syscall(SYS_fsmount, context, CLOSE_ON_EXEC, (unsigned)mount_flags(tree));
	int error = errno;
	if (context >= 0)
		close(context);
	errno = error;
	return mount;
}

/* Who reads within it goes on in what is off the tree then. */
static bool take_cover_away(const char *path)
{
	return umount2(path, UMOUNT_NOFOLLOW) == 0 || umount2(path, UMOUNT_NOFOLLOW | MNT_DETACH) == 0;
}

/* 0, or refused. The holder has device and tree; what it was given it is to drop where this fails. */
int mount_beneath(const char *path, int device, int tree, int holder, const char *id)
{
	char line[64];
	int mount = detached_mount(device, tree);
	if (mount < 0)
		return refused("no-beneath", "the mount cannot be made");
	if (syscall(SYS_move_mount, mount, "", AT_FDCWD, path, MOVE_EMPTY_PATH | MOVE_BENEATH) != 0) {
		int error = errno;
		close(mount);
		errno = error;
		return refused("no-beneath", "it cannot be mounted beneath");
	}
	snprintf(line, sizeof(line), "serve %s\n", id);
	errno = EIO;
	if (!holder_ask(holder, line, NULL, 0)) {
		/* What is seen is the cover still; ours is beneath it, unserved, and goes with it. */
		(void)umount2(path, UMOUNT_NOFOLLOW | MNT_DETACH);
		(void)umount2(path, UMOUNT_NOFOLLOW | MNT_DETACH);
		return refused("failed", "the holder did not take the mount");
	}
	return take_cover_away(path) ? 0 : refused("failed", "the cover could not be taken away");
}
