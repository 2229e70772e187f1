/*
 * Room of what it takes to undo a call, taken before the call is executed. Bytes that are overwritten or cut off are kept up to
 * one write's worth; a name that goes keeps its file under another name in the same directory, where the caller's lock hides it
 * until the target has answered. What cannot be kept cannot be undone: such a call waits.
 */
#include "undo.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#define EXCHANGE 2u
#define WHITEOUT 4u
#define NO_REPLACE 1u
#define COLLAPSE_OR_INSERT 0x28u
#define PUNCH_OR_ZERO 0x12u

unsigned char *undo_image(const struct parked *p)
{
	return state->park.images[p - state->park.calls];
}

/* A small image stays for the next; a large one gives its memory back. */
void undo_forget_image(uint32_t place)
{
	struct undo *u = &state->park.calls[place].undo;
	if (u->image_length > 65536)
		(void)madvise(state->park.images[place], PARK_IMAGE, MADV_REMOVE);
	u->image_length = 0;
	u->flags = 0;
}

bool undo_concerns(uint32_t opcode)
{
	switch (opcode) {
	case FUSE_WRITE: case FUSE_SETATTR: case FUSE_OPEN: case FUSE_FALLOCATE: case FUSE_SETXATTR: case FUSE_REMOVEXATTR:
	case FUSE_CREATE: case FUSE_MKNOD: case FUSE_MKDIR: case FUSE_SYMLINK: case FUSE_LINK: case OP_TMPFILE:
	case FUSE_UNLINK: case FUSE_RMDIR: case FUSE_RENAME: case FUSE_RENAME2:
		return true;
	default:
		return false;
	}
}

static void take_name(char *to, const char *name)
{
	snprintf(to, PARK_NAME, "%s", name);
}

static bool has_capabilities(int fd)
{
	char path[40];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return getxattr(path, "security.capability", NULL, 0) >= 0;
}

/* The bytes from `from` up to `to` that the file has. False: too many, or they cannot be read. */
static bool take_bytes(struct worker *w, struct parked *p, uint64_t from, uint64_t to)
{
	struct undo *u = &p->undo;
	uint64_t size = (uint64_t)u->before.st_size;
	if (to > size || to < from)
		to = size;
	u->offset = from;
	if (from >= to)
		return true;
	if (to - from > PARK_IMAGE)
		return false;
	int fd = node_open(w, w->in->nodeid, O_RDONLY);
	if (fd < 0)
		return false;
	size_t length = (size_t)(to - from), done = 0;
	ssize_t n = 1;
	while (done < length && n > 0) {
		n = pread(fd, undo_image(p) + done, length - done, (off_t)(from + done));
		done += n > 0 ? (size_t)n : 0;
	}
	close(fd);
	u->image_length = (uint32_t)done;
	return done == length;
}

/* Content and attributes as they are. */
static bool take_file(struct worker *w, struct parked *p)
{
	struct undo *u = &p->undo;
	int fd = node_open(w, w->in->nodeid, O_PATH | O_NOFOLLOW);
	if (fd < 0)
		return false;
	bool taken = stat_fd(fd, &u->before) == 0 && !has_capabilities(fd);
	close(fd);
	u->node = node_real(w, w->in->nodeid);
	return taken;
}

static bool prepare_fallocate(struct worker *w, struct parked *p)
{
	const struct fuse_fallocate_in *in = w->arg;
	if (in->mode & COLLAPSE_OR_INSERT)
		return false;
	return !(in->mode & PUNCH_OR_ZERO) || take_bytes(w, p, in->offset, in->offset + in->length);
}

static bool prepare_content(struct worker *w, struct parked *p)
{
	struct undo *u = &p->undo;
	const struct fuse_setattr_in *attributes = w->arg;
	const struct fuse_write_in *write = w->arg;
	if (!take_file(w, p))
		return false;
	u->kind = UNDO_CONTENT;
	switch (w->in->opcode) {
	case FUSE_WRITE:
		return take_bytes(w, p, write->offset, write->offset + write->size);
	case FUSE_FALLOCATE:
		return prepare_fallocate(w, p);
	case FUSE_OPEN:
		u->flags |= UNDO_HANDLE;
		return take_bytes(w, p, 0, UINT64_MAX);
	default:
		if (attributes->valid & FATTR_SIZE)
			return take_bytes(w, p, attributes->size, UINT64_MAX);
		u->kind = UNDO_ATTRIBUTES;
		return true;
	}
}

static bool prepare_xattr(struct worker *w, struct parked *p)
{
	struct undo *u = &p->undo;
	bool extended = (w->root->state->flags & FUSE_SETXATTR_EXT) != 0;
	size_t head = w->in->opcode == FUSE_REMOVEXATTR ? 0
		      : extended ? sizeof(struct fuse_setxattr_in) : FUSE_COMPAT_SETXATTR_IN_SIZE;
	const char *name = (const char *)w->arg + head;
	char path[40];
	int fd = node_open(w, w->in->nodeid, O_PATH | O_NOFOLLOW);
	if (fd < 0)
		return false;
	u->kind = UNDO_XATTR;
	u->node = node_real(w, w->in->nodeid);
	take_name(u->name, name);
	(void)stat_fd(fd, &u->before);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ssize_t n = getxattr(path, name, undo_image(p), PARK_IMAGE);
	int error = errno;
	close(fd);
	if (n < 0 && error == ENODATA)
		u->flags |= UNDO_ABSENT;
	u->image_length = n > 0 ? (uint32_t)n : 0;
	return n >= 0 || error == ENODATA;
}

static const char *name_of(const struct worker *w)
{
	static const uint8_t head[] = {
		[FUSE_CREATE] = sizeof(struct fuse_create_in), [FUSE_MKNOD] = sizeof(struct fuse_mknod_in),
		[FUSE_MKDIR] = sizeof(struct fuse_mkdir_in), [FUSE_LINK] = sizeof(struct fuse_link_in),
		[FUSE_RENAME] = sizeof(struct fuse_rename_in), [FUSE_RENAME2] = sizeof(struct fuse_rename2_in),
	};
	uint32_t opcode = w->in->opcode;
	return (const char *)w->arg + (opcode < sizeof(head) ? head[opcode] : 0);
}

static bool prepare_names(struct worker *w, struct parked *p)
{
	struct undo *u = &p->undo;
	uint32_t opcode = w->in->opcode;
	const char *name = name_of(w);
	int dir = node_dir(w, w->in->nodeid);
	if (dir < 0)
		return false;
	u->parent = node_real(w, w->in->nodeid);
	u->parent_mtime = mtime_of(dir);
	u->kind = opcode == OP_TMPFILE ? UNDO_NAMELESS
		  : opcode == FUSE_UNLINK || opcode == FUSE_RMDIR ? UNDO_REMOVED : UNDO_MADE;
	if (opcode == OP_TMPFILE || opcode == FUSE_CREATE)
		u->flags |= UNDO_HANDLE;
	if (opcode == FUSE_MKDIR || opcode == FUSE_RMDIR)
		u->flags |= UNDO_DIRECTORY;
	if (opcode != OP_TMPFILE)
		take_name(u->name, name);
	return true;
}

static bool prepare_move(struct worker *w, struct parked *p)
{
	struct undo *u = &p->undo;
	const struct fuse_rename2_in *in = w->arg;
	uint32_t flags = w->in->opcode == FUSE_RENAME2 ? in->flags : 0;
	const char *name = name_of(w);
	if (flags & WHITEOUT)
		return false;
	int dir = node_open(w, w->in->nodeid, O_PATH | O_DIRECTORY), dir2 = node_open(w, in->newdir, O_PATH | O_DIRECTORY);
	if (dir >= 0)
		u->parent_mtime = mtime_of(dir);
	if (dir2 >= 0)
		u->parent2_mtime = mtime_of(dir2);
	u->kind = UNDO_MOVED;
	u->flags |= flags & EXCHANGE ? UNDO_EXCHANGE : 0;
	u->parent = node_real(w, w->in->nodeid);
	u->parent2 = node_real(w, in->newdir);
	take_name(u->name, name);
	take_name(u->name2, name + strlen(name) + 1);
	if (dir >= 0)
		close(dir);
	if (dir2 >= 0)
		close(dir2);
	return dir >= 0 && dir2 >= 0;
}

/* With the name that it had, where that fits: should everything of ours die, the driver's parked-names.ts puts it back. */
static void name_aside(struct undo *u)
{
	struct timespec now;
	const char *name = u->kind == UNDO_MOVED ? u->name2 : u->name;
	clock_gettime(CLOCK_REALTIME, &now);
	size_t length = (size_t)snprintf(u->aside, sizeof(u->aside), ".understudy-parked-%llx-%llx", (unsigned long long)now.tv_sec,
					 (unsigned long long)++state->park.asides);
	if (length + 1 + strlen(name) < sizeof(u->aside))
		strcpy(strcpy(u->aside + length, "-") + 1, name);
}

void undo_prepare(struct worker *w, struct parked *p)
{
	struct undo *u = &p->undo;
	bool can = true;
	u->node = u->parent = u->parent2 = u->victim = 0;
	switch (w->in->opcode) {
	case FUSE_OPEN:
		if (((const struct fuse_open_in *)w->arg)->flags & O_TRUNC)
			can = prepare_content(w, p);
		break;
	case FUSE_WRITE: case FUSE_SETATTR: case FUSE_FALLOCATE:
		can = prepare_content(w, p);
		break;
	case FUSE_SETXATTR: case FUSE_REMOVEXATTR:
		can = prepare_xattr(w, p);
		break;
	case FUSE_RENAME: case FUSE_RENAME2:
		can = prepare_move(w, p);
		break;
	default:
		can = prepare_names(w, p);
	}
	if (!can)
		u->kind = UNDO_NOT;
	if (u->kind == UNDO_REMOVED || u->kind == UNDO_MOVED)
		name_aside(u);
	atomic_signal_fence(memory_order_seq_cst);
	u->flags |= UNDO_READY;
}

void undo_complete(struct worker *w)
{
	struct parked *p = park_prepared(w);
	const struct draft *d = &w->drafts[0];
	if (p == NULL || p->undo.kind == UNDO_NOT)
		return;
	p->undo.node = d->node;
	if (d->parent != 0)
		p->undo.parent = d->parent;
	if (d->parent2 != 0)
		p->undo.parent2 = d->parent2;
	p->undo.victim = d->victim;
}

/* ------------------------------------------------------------------------------------------- within the operations */

static struct undo *keeps_names(const struct worker *w)
{
	struct parked *p = park_prepared(w);
	return p != NULL && (p->undo.kind == UNDO_REMOVED || p->undo.kind == UNDO_MOVED) ? &p->undo : NULL;
}

/* Links of what has gone, without the one by which it is kept. */
nlink_t undo_nlink(const struct worker *w, nlink_t links)
{
	const struct undo *u = keeps_names(w);
	if (u == NULL || !(u->flags & UNDO_ASIDE) || links == 0)
		return links;
	return u->flags & UNDO_DIRECTORY ? 0 : links - 1;
}

/* rmdir(2) wants it empty; moving it aside would not. */
static int demand_empty(int dir, const char *name)
{
	char room[4096];
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	int entries = 0;
	long n = syscall(SYS_getdents64, fd, room, sizeof(room));
	for (long at = 0; at < n; entries++)
		at += *(unsigned short *)(room + at + 16);
	close(fd);
	if (entries <= 2)
		return 0;
	errno = ENOTEMPTY;
	return -1;
}

static int move_aside(struct undo *u, int dir, const char *name)
{
	u->flags |= UNDO_ASIDE;
	if (syscall(SYS_renameat2, dir, name, dir, u->aside, NO_REPLACE) == 0)
		return 0;
	int error = errno;
	u->flags &= ~UNDO_ASIDE;
	errno = error;
	return -1;
}

int undo_unlink(const struct worker *w, int dir, const char *name, int flags)
{
	struct undo *u = keeps_names(w);
	if (u == NULL)
		return unlinkat(dir, name, flags);
	if ((flags & AT_REMOVEDIR) && demand_empty(dir, name) != 0)
		return -1;
	return move_aside(u, dir, name);
}

/* What a rename is about to replace. */
int undo_displace(const struct worker *w, int dir, const char *name, bool is_directory)
{
	struct undo *u = keeps_names(w);
	if (u == NULL || (u->flags & (UNDO_EXCHANGE | UNDO_ASIDE)))
		return 0;
	if (is_directory) {
		if (demand_empty(dir, name) != 0)
			return -1;
		u->flags |= UNDO_DIRECTORY;
		return move_aside(u, dir, name);
	}
	u->flags |= UNDO_ASIDE;
	if (linkat(dir, name, dir, u->aside, 0) == 0)
		return 0;
	/* It has as many names as a file can have: then it cannot be kept. */
	u->flags &= ~UNDO_ASIDE;
	u->kind = UNDO_NOT;
	return 0;
}

/* A server before this one has moved what the rename replaces, or had begun to. */
bool undo_displaced(const struct worker *w)
{
	const struct undo *u = keeps_names(w);
	return u != NULL && (u->flags & UNDO_ASIDE) && (u->flags & UNDO_DIRECTORY);
}

/* The rename failed: what was to be replaced has its name still, or gets it back. */
void undo_failed(const struct worker *w, int dir, const char *name)
{
	struct undo *u = keeps_names(w);
	int error = errno;
	if (u == NULL || !(u->flags & UNDO_ASIDE))
		return;
	if (u->flags & UNDO_DIRECTORY)
		(void)syscall(SYS_renameat2, dir, u->aside, dir, name, NO_REPLACE);
	else
		(void)unlinkat(dir, u->aside, 0);
	u->flags &= ~UNDO_ASIDE;
	errno = error;
}
