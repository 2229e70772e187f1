/*
 * Room of the mount helper: everything that could block on the directory happens here, in a process nobody waits for but
 * the driver. It takes the private view before it mounts over the directory, and gives both to the holder first, so that no
 * death in between leaves a mount without a server.
 *
 *   mount DIRECTORY-OF-THE-SOCKET ID PATH   -> "ok NODE" or "refused CODE SENTENCE"     (path in hexadecimal)
 *   unmount PATH [dead]                     -> exit 0, 16 (busy) or the errno
 */
#include "server.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>

#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#endif
#define EXT4_MAGIC 0xef53

static int refused(const char *code, const char *what)
{
	printf("refused %s %s: %s\n", code, what, strerror(errno));
	return 1;
}

static bool unhex(const char *hex, char *out, size_t room)
{
	size_t length = strlen(hex);
	unsigned byte;
	if (length % 2 != 0 || length == 0 || length / 2 >= room)
		return false;
	for (size_t i = 0; i < length; i += 2) {
		if (sscanf(hex + i, "%2x", &byte) != 1 || byte == 0)
			return false;
		out[i / 2] = (char)byte;
	}
	out[length / 2] = 0;
	return true;
}

static int connect_holder(const char *directory)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int dir = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/control.sock", dir);
	int result = connect(fd, (struct sockaddr *)&address, sizeof(address));
	close(dir);
	return result == 0 ? fd : -1;
}

/* The holder's answer is "ok" or one line that says why not. */
static bool ask(int holder, const char *line, const int *fds, int count)
{
	char answer[256];
	struct iovec part = { (void *)line, strlen(line) };
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(2 * sizeof(int))];
	} control;
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	if (count > 0) {
		memset(&control, 0, sizeof(control));
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int));
		struct cmsghdr *c = CMSG_FIRSTHDR(&message);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
		memcpy(CMSG_DATA(c), fds, (size_t)count * sizeof(int));
	}
	if (sendmsg(holder, &message, MSG_NOSIGNAL) != (ssize_t)part.iov_len)
		return false;
	ssize_t n = recv(holder, answer, sizeof(answer) - 1, 0);
	if (n <= 0)
		return false;
	answer[n] = 0;
	return strncmp(answer, "ok", 2) == 0;
}

/* What the underlying mount forbids stays forbidden. */
static unsigned long mount_flags(int tree)
{
	struct statvfs st;
	unsigned long flags = 0;
	if (fstatvfs(tree, &st) != 0)
		return 0;
	flags |= st.f_flag & ST_NOSUID ? MS_NOSUID : 0;
	flags |= st.f_flag & ST_NODEV ? MS_NODEV : 0;
	flags |= st.f_flag & ST_NOEXEC ? MS_NOEXEC : 0;
	flags |= st.f_flag & ST_RDONLY ? MS_RDONLY : 0;
	return flags;
}

static int mount_over(const char *path, int device, int tree, int holder, const char *id)
{
	char options[160], line[64];
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions", device);
	if (mount("understudy", path, "fuse.understudy", mount_flags(tree), options) != 0) {
		int error = errno;
		snprintf(line, sizeof(line), "drop %s\n", id);
		(void)ask(holder, line, NULL, 0);
		errno = error;
		return refused(error == EPERM ? "no-privilege" : "failed", "the mount failed");
	}
	snprintf(line, sizeof(line), "serve %s\n", id);
	if (ask(holder, line, NULL, 0))
		return 0;
	(void)umount2(path, MNT_DETACH);
	return refused("failed", "the holder did not take the mount");
}

int mount_main(int argc, char **argv)
{
	static char path[MAX_PATH_BYTES], line[2 * MAX_PATH_BYTES + 128];
	struct statfs fs;
	uint64_t node;
	if (argc != 3 || !unhex(argv[2], path, sizeof(path)) || strlen(argv[1]) > 5) {
		errno = EINVAL;
		return refused("failed", "mount wants a directory, a number and a path");
	}
	int tree = (int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | O_CLOEXEC | AT_SYMLINK_NOFOLLOW);
	if (tree < 0)
		return refused(errno == EPERM ? "no-privilege" : errno == ENOENT ? "missing" : "failed", "open_tree");
	if (fstatfs(tree, &fs) != 0 || fs.f_type != EXT4_MAGIC) {
		errno = EOPNOTSUPP;
		return refused("unsupported-file-system", "not ext4");
	}
	int error = node_at(tree, "", &node);
	if (error < 0) {
		errno = -error;
		return refused("unsupported-file-system", "no file handles");
	}
	int device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (device < 0)
		return refused("no-device", "/dev/fuse");
	int holder = connect_holder(argv[0]);
	if (holder < 0)
		return refused("failed", "the holder does not answer");
	const int fds[2] = { device, tree };
	snprintf(line, sizeof(line), "adopt %s %llx %s\n", argv[1], (unsigned long long)node, argv[2]);
	if (!ask(holder, line, fds, 2)) {
		errno = EIO;
		return refused("failed", "the holder did not take the descriptors");
	}
	int result = mount_over(path, device, tree, holder, argv[1]);
	if (result == 0)
		printf("ok %llx\n", (unsigned long long)node);
	return result;
}

/* Never lazily while it lives: two page caches over one file disagree. A dead mount has none left. */
int unmount_main(const char *hex, bool dead)
{
	static char path[MAX_PATH_BYTES];
	if (!unhex(hex, path, sizeof(path)))
		return EINVAL;
	if (umount2(path, UMOUNT_NOFOLLOW | (dead ? MNT_DETACH : 0)) == 0)
		return 0;
	return errno;
}
