/* Room of open files: open, release, read, write, fsync, fallocate, lseek. */
#include "server.h"
#include "notices.h"
#include <stdlib.h>
#include <sys/uio.h>

static void truncate_record(struct worker *w, int fd, uint64_t node, uint64_t size, mode_t before)
{
	struct draft *d = draft(w, VERB_TRUNCATE);
	d->node = node;
	d->extent = size;
	d->fresh = fd + 1;
	(void)stat_fd(fd, &d->attributes);
	if (d->attributes.st_mode != before)
		d->flags |= FLAG_MODE_CHANGED;
}

/* O_TRUNC comes with the open. Done apart, so that its record says what it did. */
static int truncate_on_open(struct worker *w, int fd, uint32_t flags)
{
	struct stat before;
	int error = stat_fd(fd, &before);
	if (error < 0)
		return error;
	int writable = fd;
	if ((flags & O_ACCMODE) == O_RDONLY)
		writable = node_open(w, w->in->nodeid, O_WRONLY);
	if (writable < 0)
		return writable;
	activity_tail(w, node_real(w, w->in->nodeid), 0);
	int result = ftruncate(writable, 0);
	error = errno;
	if (writable != fd)
		close(writable);
	if (result != 0)
		return -error;
	truncate_record(w, fd, node_real(w, w->in->nodeid), 0, before.st_mode);
	return 0;
}

void op_open(struct worker *w)
{
	const struct fuse_open_in *in = w->arg;
	struct fuse_open_out out = { 0, FOPEN_KEEP_CACHE, 0 };
	bool truncating = (in->flags & O_TRUNC) != 0;
	credentials_take(w, truncating && (in->open_flags & FUSE_OPEN_KILL_SUIDGID));
	if (truncating)
		begin(w);
	int fd = node_open(w, w->in->nodeid, handle_flags(in->flags));
	if (fd >= 0 && truncating) {
		int error = truncate_on_open(w, fd, in->flags);
		if (error < 0) {
			close(fd);
			fd = error;
		}
	}
	if (fd < 0) {
		if (truncating)
			refuse(w, -fd);
		else
			reply_error(w, -fd);
		return;
	}
	out.fh = handle_make(fd, in->flags);
	opens_add(w, node_real(w, w->in->nodeid));
	/* It may have no name by now, and a death of this server must not end it. */
	if (late_is_kept(w->root, node_real(w, w->in->nodeid)))
		escrow_keep(w, node_real(w, w->in->nodeid), fd);
	if (truncating)
		commit(w, &out, sizeof(out));
	else
		reply_data(w, &out, sizeof(out));
}

void op_release(struct worker *w)
{
	const struct fuse_release_in *in = w->arg;
	opens_remove(w, node_real(w, w->in->nodeid));
	handle_release(in->fh);
	reply_data(w, NULL, 0);
}

void op_read(struct worker *w)
{
	const struct fuse_read_in *in = w->arg;
	size_t size = in->size < MAX_WRITE ? in->size : MAX_WRITE;
	int fd = handle_fd(w, in->fh, w->in->nodeid);
	if (fd < 0)
		return reply_error(w, -fd);
	ssize_t n = pread(fd, w->out, size, (off_t)in->offset);
	if (n < 0)
		reply_error(w, errno);
	else
		reply_data(w, w->out, (size_t)n);
}

/* Write-back of a mapping goes through the page cache, whatever the handle that the kernel found for it. */
static int writable_fd(struct worker *w, const struct fuse_write_in *in, bool *own)
{
	uint32_t bits = (uint32_t)(in->fh >> 32) & 0xffff;
	*own = false;
	if ((in->write_flags & FUSE_WRITE_CACHE) && (bits & 4)) {
		*own = true;
		return node_open(w, w->in->nodeid, O_WRONLY);
	}
	return handle_fd(w, in->fh, w->in->nodeid);
}

bool is_write_back(const struct worker *w)
{
	return w->in->opcode == FUSE_WRITE && (((const struct fuse_write_in *)w->arg)->write_flags & FUSE_WRITE_CACHE);
}

bool is_durable_write(const struct worker *w)
{
	const uint32_t both = O_DIRECT | O_DSYNC;
	return w->in->opcode == FUSE_WRITE && !is_write_back(w) && (((const struct fuse_write_in *)w->arg)->flags & both) == both;
}

/* The descriptor has O_SYNC and O_DSYNC of an open. Of RWF_SYNC and RWF_DSYNC only the call itself knows. */
static int durability(const struct worker *w)
{
	if (!is_durable_write(w))
		return 0;
	return (((const struct fuse_write_in *)w->arg)->flags & O_SYNC) == O_SYNC ? RWF_SYNC : RWF_DSYNC;
}

static ssize_t write_all(int fd, const char *data, size_t size, uint64_t offset, int how)
{
	size_t done = 0;
	while (done < size) {
		struct iovec rest = { (void *)(data + done), size - done };
		off_t at = (off_t)(offset + done);
		ssize_t n = how == 0 ? pwrite(fd, rest.iov_base, rest.iov_len, at) : pwritev2(fd, &rest, 1, at, how);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return done > 0 ? (ssize_t)done : (n < 0 ? -errno : 0);
		done += (size_t)n;
	}
	return (ssize_t)done;
}

/* Space that runs out on the way, or an error of the disk: part of it may be done all the same. */
static bool may_be_done(int error)
{
	return error == ENOSPC || error == EDQUOT || error == EIO;
}

/* What was to be made durable, and could not be, is in the file for everybody who reads it. */
static bool holds(struct worker *w, const struct fuse_write_in *in, const char *data)
{
	char there[4096];
	size_t size = in->size < sizeof(there) ? in->size : sizeof(there);
	int fd = node_open(w, w->in->nodeid, O_RDONLY);
	if (fd < 0)
		return true;
	ssize_t n = pread(fd, there, size, (off_t)in->offset);
	close(fd);
	return n < 0 || ((size_t)n == size && memcmp(there, data, size) == 0);
}

/* The call was begun: its file has another time of change, and may have lost bits of its mode. */
static void refuse_begun(struct worker *w, int fd, int error, bool mode_fell)
{
	struct draft *d = draft(w, VERB_SETATTR);
	d->node = node_real(w, w->in->nodeid);
	d->detail = SET_MTIME | (mode_fell ? SET_MODE : 0);
	d->fresh = fd + 1;
	(void)stat_fd(fd, &d->attributes);
	if (mode_fell)
		d->flags |= FLAG_MODE_CHANGED;
	commit_partly(w, error);
}

static void refuse_write(struct worker *w, int fd, int error, const struct stat *before)
{
	const struct fuse_write_in *in = w->arg;
	struct stat after;
	if (!may_be_done(error))
		return refuse(w, error);
	if (error == EIO || ((in->flags & O_DSYNC) && holds(w, in, (const char *)(in + 1))))
		doubt(w, node_real(w, w->in->nodeid));
	refuse_begun(w, fd, error, before->st_mode != 0 && stat_fd(fd, &after) == 0 && after.st_mode != before->st_mode);
}

void op_write(struct worker *w)
{
	const struct fuse_write_in *in = w->arg;
	const char *data = (const char *)(in + 1);
	bool kill = (in->write_flags & FUSE_WRITE_KILL_SUIDGID) != 0, own;
	struct fuse_write_out out = { 0, 0 };
	struct stat before = { .st_mode = 0 };
	if (in->size > w->arg_length - sizeof(*in))
		return reply_error(w, EINVAL);
	credentials_take(w, kill);
	begin(w);
	int fd = writable_fd(w, in, &own);
	if (fd < 0)
		return refuse(w, -fd);
	if (kill)
		(void)stat_fd(fd, &before);
	activity_stretch(w, node_real(w, w->in->nodeid), in->offset, in->size);
	ssize_t n = write_all(fd, data, in->size, in->offset, durability(w));
	if (n >= 0) {
		struct draft *d = draft(w, VERB_WRITE);
		d->node = node_real(w, w->in->nodeid);
		d->offset = in->offset;
		d->extent = (uint64_t)n;
		d->data = data;
		d->data_length = (uint32_t)n;
		d->fresh = fd + 1; /* once is enough where the mode stays: each call counts here */
		if (kill && stat_fd(fd, &d->attributes) == 0 && before.st_mode != d->attributes.st_mode)
			d->flags |= FLAG_MODE_CHANGED;
		if (in->write_flags & FUSE_WRITE_CACHE)
			d->flags |= FLAG_MAPPED;
		out.size = (uint32_t)n;
		commit(w, &out, sizeof(out));
	} else
		refuse_write(w, fd, (int)-n, &before);
	if (own)
		close(fd);
}

void op_fsync(struct worker *w)
{
	const struct fuse_fsync_in *in = w->arg;
	int fd = handle_fd(w, in->fh, w->in->nodeid);
	if (fd < 0)
		return reply_error(w, -fd);
	int result = in->fsync_flags & FUSE_FSYNC_FDATASYNC ? fdatasync(fd) : fsync(fd);
	if (result != 0)
		reply_error(w, errno);
	else
		answer_synced(w);
}

#define COLLAPSE_OR_INSERT 0x28u

/* A file system that finds no space on the way keeps what it has found, and the size as far as it came. */
static void refuse_space(struct worker *w, int fd, int error, const struct stat *before)
{
	const struct fuse_fallocate_in *in = w->arg;
	struct stat after;
	if (!may_be_done(error) || stat_fd(fd, &after) != 0)
		return refuse(w, error);
	bool content = (in->mode & ~(uint32_t)FALLOC_FL_KEEP_SIZE) != 0;
	if (content)
		notice_pages_soon(w->root - roots, w->in->nodeid);
	if (error == EIO || content || after.st_size != before->st_size)
		doubt(w, node_real(w, w->in->nodeid));
	refuse_begun(w, fd, error, after.st_mode != before->st_mode);
}

void op_fallocate(struct worker *w)
{
	const struct fuse_fallocate_in *in = w->arg;
	struct slot *slot = w->slot;
	struct stat before;
	credentials_take(w, false);
	int fd = handle_fd(w, in->fh, w->in->nodeid);
	int error = fd < 0 ? fd : stat_fd(fd, &before);
	if (error < 0) {
		begin(w);
		return refuse(w, -error);
	}
	/* Collapsing twice would lose data: the size before says whether it was done. */
	bool done = w->again && (in->mode & COLLAPSE_OR_INSERT) && (slot->flags & SLOT_BEFORE) &&
		    slot->size != (uint64_t)before.st_size;
	if (!done) {
		slot->size = (uint64_t)before.st_size;
		slot->flags |= SLOT_BEFORE;
	}
	begin(w);
	if (in->mode & COLLAPSE_OR_INSERT)
		activity_tail(w, node_real(w, w->in->nodeid), in->offset);
	else
		activity_stretch(w, node_real(w, w->in->nodeid), in->offset, in->length);
	if (!done && fallocate(fd, (int)in->mode, (off_t)in->offset, (off_t)in->length) != 0)
		return refuse_space(w, fd, errno, &before);
	struct draft *d = draft(w, VERB_FALLOCATE);
	d->node = node_real(w, w->in->nodeid);
	d->detail = in->mode;
	d->offset = in->offset;
	d->extent = in->length;
	d->fresh = fd + 1;
	(void)stat_fd(fd, &d->attributes);
	if (before.st_mode != d->attributes.st_mode)
		d->flags |= FLAG_MODE_CHANGED;
	commit(w, NULL, 0);
}

void op_lseek(struct worker *w)
{
	const struct fuse_lseek_in *in = w->arg;
	int fd = handle_fd(w, in->fh, w->in->nodeid);
	off_t at = fd < 0 ? fd : lseek(fd, (off_t)in->offset, (int)in->whence);
	struct fuse_lseek_out out = { (uint64_t)at };
	if (at < 0)
		reply_error(w, fd < 0 ? -fd : errno);
	else
		reply_data(w, &out, sizeof(out));
}
