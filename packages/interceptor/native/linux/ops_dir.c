/* Room of directories read: readdir, readdirplus, readlink, fsyncdir. No state between calls: the cookie is the file system's own. */
#include "server.h"
#include <dirent.h>
#include <sys/syscall.h>

#define SCRATCH 32768

struct entry64 {
	uint64_t inode;
	int64_t next;
	unsigned short length;
	unsigned char type;
	char name[];
};

static void fill_dirent(struct fuse_dirent *at, const struct entry64 *e, uint64_t inode, size_t name_length)
{
	at->ino = inode;
	at->off = (uint64_t)e->next;
	at->namelen = (uint32_t)name_length;
	at->type = e->type;
	memcpy(at->name, e->name, name_length);
	memset(at->name + name_length, 0, FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + name_length) - FUSE_NAME_OFFSET - name_length);
}

static bool is_dots(const char *name)
{
	return name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0));
}

struct listing {
	int dir;
	size_t size;
	bool plus;
	dev_t on;
};

/* Bytes used, 0 where it does not fit. An entry that vanished meanwhile is given without a node: the kernel looks it up. */
static size_t fill(struct worker *w, const struct listing *l, const struct entry64 *e, size_t at)
{
	size_t name_length = strlen(e->name);
	size_t head = l->plus ? FUSE_NAME_OFFSET_DIRENTPLUS : FUSE_NAME_OFFSET;
	size_t used = FUSE_DIRENT_ALIGN(head + name_length);
	if (at + used > l->size)
		return 0;
	uint64_t inode = inode_of(w, e->inode, l->on);
	if (!l->plus) {
		fill_dirent((struct fuse_dirent *)(w->out + at), e, inode, name_length);
		return used;
	}
	struct fuse_direntplus *p = (struct fuse_direntplus *)(w->out + at);
	struct stat st;
	uint64_t node;
	memset(&p->entry_out, 0, sizeof(p->entry_out));
	if (!is_dots(e->name) && node_meet(w->root, l->dir, e->name, &node) == 0 && stat_at(l->dir, e->name, &st) == 0) {
		activity_home(w, node, node_real(w, w->in->nodeid));
		entry_of(w, node, &st, &p->entry_out);
	}
	fill_dirent(&p->dirent, e, inode, name_length);
	return used;
}

static void read_directory(struct worker *w, bool plus)
{
	const struct fuse_read_in *in = w->arg;
	size_t size = in->size < MAX_WRITE ? in->size : MAX_WRITE, at = 0;
	struct stat st = { .st_dev = w->root->on };
	bool full = false;
	int dir = node_open(w, w->in->nodeid, O_RDONLY | O_DIRECTORY);
	if (dir < 0)
		return reply_error(w, -dir);
	if (in->offset != 0 && lseek(dir, (off_t)in->offset, SEEK_SET) < 0) {
		int error = errno;
		close(dir);
		return reply_error(w, error);
	}
	/* Only btrfs has other devices beneath, and its handles are indexed. */
	if (w->root->indexed)
		(void)stat_fd(dir, &st);
	const struct listing listing = { dir, size, plus, st.st_dev };
	while (!full) {
		size_t want = size - at < SCRATCH ? (size - at < 1024 ? 1024 : size - at) : SCRATCH;
		long n = syscall(SYS_getdents64, dir, w->scratch, want);
		if (n <= 0)
			break;
		for (long i = 0; i < n && !full;) {
			const struct entry64 *e = (const struct entry64 *)(w->scratch + i);
			size_t used = fill(w, &listing, e, at);
			full = used == 0;
			at += used;
			i += e->length;
		}
	}
	close(dir);
	reply_data(w, w->out, at);
}

void op_readdir(struct worker *w)
{
	read_directory(w, false);
}

void op_readdirplus(struct worker *w)
{
	read_directory(w, true);
}

void op_readlink(struct worker *w)
{
	int fd = node_open(w, w->in->nodeid, O_PATH | O_NOFOLLOW);
	if (fd < 0)
		return reply_error(w, -fd);
	ssize_t n = readlinkat(fd, "", w->scratch, SCRATCH);
	int error = errno;
	close(fd);
	if (n < 0)
		reply_error(w, error);
	else
		reply_data(w, w->scratch, (size_t)n);
}

void op_fsyncdir(struct worker *w)
{
	const struct fuse_fsync_in *in = w->arg;
	int fd = node_open(w, w->in->nodeid, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return reply_error(w, -fd);
	int result = in->fsync_flags & FUSE_FSYNC_FDATASYNC ? fdatasync(fd) : fsync(fd), error = errno;
	close(fd);
	if (result != 0)
		reply_error(w, error);
	else
		answer_synced(w);
}
