/*
 * Room of the mount helper: everything that could block on the directory happens here, in a process nobody waits for but
 * the driver. It takes the private view before it mounts over the directory, and gives both to the holder first, so that no
 * death in between leaves a mount without a server.
 *
 *   mount DIRECTORY-OF-THE-SOCKET ID PATH [beneath]   -> "ok NODE" or "refused CODE SENTENCE"     (path in hexadecimal)
 *   unmount PATH [lazily]                   -> exit 0, 16 (busy) or the errno
 */
#include "mount.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>

#ifndef MOUNT_ATTR_SIZE_VER0
#define MOUNT_ATTR_SIZE_VER0 32
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
/* ext4, XFS, btrfs, tmpfs: their handles stay with a file, and the file can be opened again by them. */
static const uint32_t supported[] = { 0xef53, 0x58465342, 0x9123683e, 0x01021994 };

static bool is_supported(uint32_t type)
{
	for (size_t i = 0; i < sizeof(supported) / sizeof(supported[0]); i++)
		if (supported[i] == type)
			return true;
	return false;
}

int refused(const char *code, const char *what)
{
	printf("refused %s %s: %s\n", code, what, strerror(errno));
	return 1;
}

bool unhex(const char *hex, char *out, size_t room)
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

int connect_holder(const char *directory)
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
bool holder_ask(int holder, const char *line, const int *fds, int count)
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
unsigned long mount_flags(int tree)
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

int clone_of(const char *path)
{
	return (int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | O_CLOEXEC | AT_SYMLINK_NOFOLLOW);
}

/* Of a copy, not of what it is a copy of. */
static bool change_copy(int tree, uint64_t clear, uint64_t propagation)
{
	const uint64_t attributes[4] = { 0, clear, propagation, 0 }; /* struct mount_attr: set, clear, propagation, userns_fd */
	return syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, attributes, MOUNT_ATTR_SIZE_VER0) == 0;
}

int private_view(const char *path, uint64_t *node)
{
	struct statfs fs;
	int tree = clone_of(path);
	if (tree < 0) {
		(void)refused(errno == EPERM ? "no-privilege" : errno == ENOENT ? "missing" : "failed", "open_tree");
		return -1;
	}
	/* A copy belongs to the peer group of its original: without this, what is mounted there later would show in our view. */
	(void)change_copy(tree, 0, MS_PRIVATE);
	if (fstatfs(tree, &fs) != 0 || !is_supported((uint32_t)fs.f_type)) {
		errno = EOPNOTSUPP;
		(void)refused("unsupported-file-system", "neither ext4, XFS, btrfs nor tmpfs");
		return -1;
	}
	int error = node_at(tree, "", node);
	if (error == 0)
		return tree;
	errno = -error;
	(void)refused("unsupported-file-system", "no file handles");
	return -1;
}

bool holder_adopt(int holder, const char *id, uint64_t node, const char *hex, const int *fds)
{
	static char line[2 * MAX_PATH_BYTES + 128];
	snprintf(line, sizeof(line), "adopt %s %llx %s\n", id, (unsigned long long)node, hex);
	return holder_ask(holder, line, fds, 2);
}

int fuse_mount(const char *path, int device, int tree)
{
	char options[160];
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions", device);
	return mount("understudy", path, "fuse.understudy", mount_flags(tree), options);
}

bool holder_let_go(int holder, const char *id)
{
	char line[64];
	snprintf(line, sizeof(line), "drop %s\n", id);
	return holder_ask(holder, line, NULL, 0);
}

static int mount_over(const char *path, int device, int tree, int holder, const char *id)
{
	char line[64];
	if (fuse_mount(path, device, tree) != 0) {
		int error = errno;
		(void)holder_let_go(holder, id);
		errno = error;
		return refused(error == EPERM ? "no-privilege" : "failed", "the mount failed");
	}
	snprintf(line, sizeof(line), "serve %s\n", id);
	if (holder_ask(holder, line, NULL, 0))
		return 0;
	(void)umount2(path, MNT_DETACH);
	return refused("failed", "the holder did not take the mount");
}

int mount_main(int argc, char **argv)
{
	static char path[MAX_PATH_BYTES];
	uint64_t node;
	bool beneath = argc == 4 && strcmp(argv[3], "beneath") == 0;
	if ((argc != 3 && !beneath) || !unhex(argv[2], path, sizeof(path)) || strlen(argv[1]) > 5) {
		errno = EINVAL;
		return refused("failed", "mount wants a directory, a number and a path");
	}
	int tree = private_view(path, &node);
	if (tree < 0)
		return 1;
	/* The cover itself stays read-only to its end. */
	if (beneath && !change_copy(tree, MS_RDONLY, 0))
		return refused("no-beneath", "the copy of the cover stays read-only");
	int device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (device < 0)
		return refused("no-device", "/dev/fuse");
	int holder = connect_holder(argv[0]);
	if (holder < 0)
		return refused("failed", "the holder does not answer");
	const int fds[2] = { device, tree };
	if (!holder_adopt(holder, argv[1], node, argv[2], fds)) {
		errno = EIO;
		return refused("failed", "the holder did not take the descriptors");
	}
	int result = beneath ? mount_beneath(path, device, tree, holder, argv[1]) : mount_over(path, device, tree, holder, argv[1]);
	if (beneath && result != 0)
		(void)holder_let_go(holder, argv[1]);
	if (result == 0)
		printf("ok %llx\n", (unsigned long long)node);
	return result;
}

/*
 * Never lazily while somebody uses it: two page caches over one file disagree. Lazily what is dead, for it has none left, and a
 * directory with mounts of ours beneath it, which must go in one step; the driver has looked that nobody uses them.
 */
int unmount_main(const char *hex, bool lazily)
{
	static char path[MAX_PATH_BYTES];
	if (!unhex(hex, path, sizeof(path)))
		return EINVAL;
	if (umount2(path, UMOUNT_NOFOLLOW | (lazily ? MNT_DETACH : 0)) == 0)
		return 0;
	return errno;
}
