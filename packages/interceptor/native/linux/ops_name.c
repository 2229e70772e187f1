/* Room of names that come: lookup, create, mkdir, mknod, symlink, link, tmpfile. */
#include "server.h"
#include <limits.h>
#include <stdio.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

static size_t text_length(const struct worker *w, const char *text)
{
	return strnlen(text, w->arg_length - (size_t)(text - (const char *)w->arg));
}

static void set_name(struct draft *d, const char *name)
{
	d->name = name;
	d->name_length = (uint16_t)strlen(name);
}

void op_lookup(struct worker *w)
{
	const char *name = w->arg;
	struct fuse_entry_out out;
	struct stat st;
	uint64_t node;
	int dir, error;
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
		/* The kernel asks so for handles of its own (name_to_handle_at, NFS). Above the root there is nothing. */
		if (name[1] == '.' && node_real(w, w->in->nodeid) == w->root->node)
			return reply_error(w, ENOENT);
		int self = node_open(w, w->in->nodeid, O_PATH);
		int fd = self < 0 || name[1] == 0 ? self : openat(self, "..", O_PATH | O_CLOEXEC);
		error = fd < 0 ? (self < 0 ? self : -errno) : node_meet(w->root, fd, "", &node);
		if (error == 0)
			error = stat_fd(fd, &st);
		if (fd >= 0 && fd != self)
			close(fd);
		if (self >= 0)
			close(self);
	} else {
		dir = node_dir(w, w->in->nodeid);
		error = dir < 0 ? dir : node_meet(w->root, dir, name, &node);
		if (error == 0)
			error = stat_at(dir, name, &st);
		if (error == -ENOENT && dir >= 0) {
			memset(&out, 0, sizeof(out));
			out.entry_valid = FOREVER;
			return reply_data(w, &out, sizeof(out));
		}
	}
	if (error < 0)
		return reply_error(w, -error);
	if (name[0] != '.' || (name[1] != 0 && strcmp(name, "..") != 0))
		activity_home(w, node, node_real(w, w->in->nodeid));
	entry_of(w, node, &st, &out);
	reply_data(w, &out, sizeof(out));
}

/* What now has the name goes into the record and the answer. */
static int finish_entry(struct worker *w, struct draft *d, int dir, const char *name, struct fuse_entry_out *out)
{
	int error = node_meet(w->root, dir, name, &d->node);
	if (error == 0)
		error = stat_at(dir, name, &d->attributes);
	if (error < 0)
		return error;
	d->parent = node_real(w, w->in->nodeid);
	d->parent_mtime = mtime_of(dir);
	set_name(d, name);
	if (d->verb == VERB_LINK)
		activity_moved(w, d->node, d->parent, 0);
	else
		activity_born(w, d->node, d->parent);
	entry_of(w, d->node, &d->attributes, out);
	return 0;
}

/* The kernel asks for a name only where it knows that nothing has it: on a repetition EEXIST is our own work. */
static bool made(const struct worker *w, int result)
{
	return result == 0 || (w->again && errno == EEXIST);
}

#define ACL_ROOM 16384

/* The directory's default ACL makes one for what is made in it; the record's mode alone would not say so. */
static void inherited(struct worker *w, const struct draft *made, const char *path, const char *acl, int index)
{
	char *room = w->scratch + index * ACL_ROOM;
	ssize_t n = getxattr(path, acl, room, ACL_ROOM);
	if (n <= 0)
		return;
	struct draft *d = draft(w, VERB_SETXATTR);
	d->node = made->node;
	d->attributes = made->attributes;
	d->name = acl;
	d->name_length = (uint16_t)strlen(acl);
	d->data = room;
	d->data_length = (uint32_t)n;
}

static void inherited_acls(struct worker *w, const struct draft *d, int dir, const char *name)
{
	char path[64 + NAME_MAX];
	if (S_ISLNK(d->attributes.st_mode) || d->verb == VERB_LINK)
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d%s%s", dir, name[0] == 0 ? "" : "/", name);
	inherited(w, d, path, "system.posix_acl_access", 0);
	if (S_ISDIR(d->attributes.st_mode))
		inherited(w, d, path, "system.posix_acl_default", 1);
}

static void answer_entry(struct worker *w, struct draft *d, int dir, const char *name)
{
	struct fuse_entry_out out;
	int error = finish_entry(w, d, dir, name, &out);
	if (error < 0)
		return refuse(w, -error);
	inherited_acls(w, d, dir, name);
	commit(w, &out, sizeof(out));
}

void op_mkdir(struct worker *w)
{
	const struct fuse_mkdir_in *in = w->arg;
	const char *name = (const char *)(in + 1);
	credentials_take(w, false);
	credentials_umask(w, in->umask);
	begin(w);
	int dir = node_dir(w, w->in->nodeid);
	if (dir < 0)
		return refuse(w, -dir);
	activity_names(w, node_real(w, w->in->nodeid));
	if (!made(w, mkdirat(dir, name, in->mode)))
		return refuse(w, errno);
	answer_entry(w, draft(w, VERB_MKDIR), dir, name);
}

void op_mknod(struct worker *w)
{
	const struct fuse_mknod_in *in = w->arg;
	const char *name = (const char *)(in + 1);
	dev_t dev = makedev((in->rdev & 0xfff00) >> 8, (in->rdev & 0xff) | ((in->rdev >> 12) & 0xfff00));
	credentials_take(w, false);
	credentials_umask(w, in->umask);
	begin(w);
	int dir = node_dir(w, w->in->nodeid);
	if (dir < 0)
		return refuse(w, -dir);
	activity_names(w, node_real(w, w->in->nodeid));
	if (!made(w, mknodat(dir, name, in->mode, dev)))
		return refuse(w, errno);
	answer_entry(w, draft(w, S_ISREG(in->mode) || (in->mode & S_IFMT) == 0 ? VERB_CREATE : VERB_MKNOD), dir, name);
}

void op_symlink(struct worker *w)
{
	const char *name = w->arg, *target = name + text_length(w, name) + 1;
	credentials_take(w, false);
	begin(w);
	int dir = node_dir(w, w->in->nodeid);
	if (dir < 0)
		return refuse(w, -dir);
	activity_names(w, node_real(w, w->in->nodeid));
	if (!made(w, symlinkat(target, dir, name)))
		return refuse(w, errno);
	struct draft *d = draft(w, VERB_SYMLINK);
	d->data = target;
	d->data_length = (uint32_t)text_length(w, target);
	answer_entry(w, d, dir, name);
}

void op_link(struct worker *w)
{
	const struct fuse_link_in *in = w->arg;
	const char *name = (const char *)(in + 1);
	credentials_take(w, false);
	begin(w);
	int dir = node_dir(w, w->in->nodeid);
	int fd = node_open(w, in->oldnodeid, O_PATH | O_NOFOLLOW);
	if (dir < 0 || fd < 0) {
		if (fd >= 0)
			close(fd);
		return refuse(w, dir < 0 ? -dir : -fd);
	}
	activity_names(w, node_real(w, w->in->nodeid));
	int result = linkat(fd, "", dir, name, AT_EMPTY_PATH), error = errno;
	close(fd);
	errno = error;
	if (!made(w, result))
		return refuse(w, error);
	nodes_doom(w->root, node_real(w, in->oldnodeid), false);
	answer_entry(w, draft(w, VERB_LINK), dir, name);
}

static void answer_open(struct worker *w, int fd, uint32_t flags, const struct draft *d)
{
	struct {
		struct fuse_entry_out entry;
		struct fuse_open_out open;
	} out;
	entry_of(w, d->node, &d->attributes, &out.entry);
	memset(&out.open, 0, sizeof(out.open));
	out.open.fh = handle_make(fd, flags);
	out.open.open_flags = FOPEN_KEEP_CACHE;
	opens_add(w, d->node);
	commit(w, &out, sizeof(out));
}

static int create_at(struct worker *w, int dir, const char *name, const struct fuse_create_in *in, bool *is_new)
{
	int flags = handle_flags(in->flags) | O_CLOEXEC | O_NOFOLLOW;
	*is_new = true;
	int fd = openat(dir, name, flags | O_CREAT | O_EXCL, in->mode & 07777);
	if (fd < 0 && errno == EEXIST && (w->again || (in->flags & O_EXCL) == 0)) {
		*is_new = w->again;
		fd = openat(dir, name, flags);
	}
	return fd >= 0 ? fd : -errno;
}

void op_create(struct worker *w)
{
	const struct fuse_create_in *in = w->arg;
	const char *name = (const char *)(in + 1);
	bool is_new;
	credentials_take(w, false);
	credentials_umask(w, in->umask);
	begin(w);
	int dir = node_dir(w, w->in->nodeid);
	if (dir < 0)
		return refuse(w, -dir);
	activity_names(w, node_real(w, w->in->nodeid));
	int fd = create_at(w, dir, name, in, &is_new);
	if (fd < 0)
		return refuse(w, -fd);
	struct draft *d = draft(w, VERB_CREATE);
	int error = node_meet(w->root, fd, "", &d->node);
	if (error == 0)
		error = stat_fd(fd, &d->attributes);
	if (error < 0) {
		close(fd);
		return refuse(w, -error);
	}
	d->parent = node_real(w, w->in->nodeid);
	d->parent_mtime = mtime_of(dir);
	set_name(d, name);
	inherited_acls(w, d, fd, "");
	if (is_new)
		activity_born(w, d->node, d->parent);
	else
		w->draft_count = 0;
	answer_open(w, fd, in->flags, d);
}

void op_tmpfile(struct worker *w)
{
	const struct fuse_create_in *in = w->arg;
	credentials_take(w, false);
	credentials_umask(w, in->umask);
	begin(w);
	int dir = node_dir(w, w->in->nodeid);
	if (dir < 0)
		return refuse(w, -dir);
	activity_names(w, node_real(w, w->in->nodeid));
	/* O_EXCL (never to get a name) is kept by the kernel in front of us. */
	int fd = openat(dir, ".", handle_flags(in->flags) | O_TMPFILE | O_CLOEXEC, in->mode & 07777);
	if (fd < 0)
		return refuse(w, errno);
	struct draft *d = draft(w, VERB_TMPFILE);
	int error = node_meet(w->root, fd, "", &d->node);
	if (error == 0)
		error = stat_fd(fd, &d->attributes);
	int path = error == 0 ? node_open(w, d->node, O_PATH) : error;
	if (path < 0) {
		close(fd);
		return refuse(w, -path);
	}
	escrow_keep(w, d->node, path);
	nodes_doom(w->root, d->node, true);
	close(path);
	d->parent = node_real(w, w->in->nodeid);
	activity_born(w, d->node, d->parent);
	inherited_acls(w, d, fd, "");
	answer_open(w, fd, in->flags, d);
}
