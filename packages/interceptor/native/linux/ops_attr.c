/* Room of attributes: getattr, statx, setattr, statfs, syncfs. */
#include "server.h"
#include <stdio.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

static int stat_node(struct worker *w, bool has_fh, uint64_t fh, struct stat *st)
{
	if (has_fh) {
		int fd = handle_fd(w, fh, w->in->nodeid);
		if (fd >= 0)
			return stat_fd(fd, st);
	}
	int fd = node_open(w, w->in->nodeid, O_PATH | O_NOFOLLOW);
	if (fd < 0)
		return fd;
	int error = stat_fd(fd, st);
	close(fd);
	return error;
}

void op_getattr(struct worker *w)
{
	const struct fuse_getattr_in *in = w->arg;
	struct fuse_attr_out out = { FOREVER, 0, 0, { 0 } };
	struct stat st;
	int error = stat_node(w, (in->getattr_flags & FUSE_GETATTR_FH) != 0, in->fh, &st);
	if (error < 0)
		return reply_error(w, -error);
	attributes_of(w, &st, &out.attr);
	reply_data(w, &out, sizeof(out));
}

static struct statx_time time_of(struct statx_timestamp t)
{
	return (struct statx_time){ t.tv_sec, t.tv_nsec, 0 };
}

void op_statx(struct worker *w)
{
	const struct statx_in *in = w->arg;
	struct statx_out out;
	struct statx st;
	int fd = node_open(w, w->in->nodeid, O_PATH | O_NOFOLLOW);
	if (fd < 0)
		return reply_error(w, -fd);
	int result = statx(fd, "", AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW, in->sx_mask, &st), error = errno;
	close(fd);
	if (result != 0)
		return reply_error(w, error);
	memset(&out, 0, sizeof(out));
	out.attr_valid = FOREVER;
	out.stat = (struct statx_body){
		.mask = st.stx_mask, .blksize = st.stx_blksize, .attributes = st.stx_attributes, .nlink = st.stx_nlink,
		.uid = st.stx_uid, .gid = st.stx_gid, .mode = st.stx_mode, .ino = inode_of(w, st.stx_ino, makedev(st.stx_dev_major, st.stx_dev_minor)), .size = st.stx_size,
		.blocks = st.stx_blocks, .attributes_mask = st.stx_attributes_mask, .atime = time_of(st.stx_atime),
		.btime = time_of(st.stx_btime), .ctime = time_of(st.stx_ctime), .mtime = time_of(st.stx_mtime),
		.rdev_major = st.stx_rdev_major, .rdev_minor = st.stx_rdev_minor, .dev_major = st.stx_dev_major,
		.dev_minor = st.stx_dev_minor,
	};
	reply_data(w, &out, sizeof(out));
}

static int set_size(struct worker *w, const struct fuse_setattr_in *in)
{
	int fd = -1;
	bool own = false;
	if (in->valid & FATTR_FH)
		fd = handle_fd(w, in->fh, w->in->nodeid);
	else {
		fd = node_open(w, w->in->nodeid, O_WRONLY);
		own = true;
	}
	if (fd < 0)
		return fd;
	int error = ftruncate(fd, (off_t)in->size) == 0 ? 0 : -errno;
	if (own)
		close(fd);
	return error;
}

static int set_mode(int fd, uint32_t mode)
{
	char path[64];
	if (syscall(SYS_fchmodat2, fd, "", mode & 07777, AT_EMPTY_PATH) == 0)
		return 0;
	if (errno != ENOSYS)
		return -errno;
	snprintf(path, sizeof(path), "%d", fd);
	return fchmodat(proc_fd, path, mode & 07777, 0) == 0 ? 0 : -errno;
}

static int set_times(int fd, const struct fuse_setattr_in *in)
{
	struct timespec times[2] = { { 0, UTIME_OMIT }, { 0, UTIME_OMIT } };
	if (in->valid & FATTR_ATIME_NOW)
		times[0].tv_nsec = UTIME_NOW;
	else if (in->valid & FATTR_ATIME)
		times[0] = (struct timespec){ (time_t)in->atime, in->atimensec };
	if (in->valid & FATTR_MTIME_NOW)
		times[1].tv_nsec = UTIME_NOW;
	else if (in->valid & FATTR_MTIME)
		times[1] = (struct timespec){ (time_t)in->mtime, in->mtimensec };
	return utimensat(fd, "", times, AT_EMPTY_PATH) == 0 ? 0 : -errno;
}

static int set_owner(int fd, const struct fuse_setattr_in *in)
{
	uid_t uid = in->valid & FATTR_UID ? in->uid : (uid_t)-1;
	gid_t gid = in->valid & FATTR_GID ? in->gid : (gid_t)-1;
	return fchownat(fd, "", uid, gid, AT_EMPTY_PATH) == 0 ? 0 : -errno;
}

#define FATTR_TIMES (FATTR_ATIME | FATTR_ATIME_NOW | FATTR_MTIME | FATTR_MTIME_NOW)

/* The order of the local kernel's own notify_change; `done` collects what succeeded, in the record's terms. */
static int set_all(struct worker *w, int fd, const struct fuse_setattr_in *in, uint32_t *done)
{
	int error = 0;
	if (in->valid & (FATTR_UID | FATTR_GID)) {
		error = set_owner(fd, in);
		if (error == 0)
			*done |= (in->valid & FATTR_UID ? SET_UID : 0) | (in->valid & FATTR_GID ? SET_GID : 0);
	}
	if (error == 0 && (in->valid & FATTR_SIZE)) {
		error = set_size(w, in);
		if (error == 0) {
			struct draft *d = draft(w, VERB_TRUNCATE);
			d->node = node_real(w, w->in->nodeid);
			d->extent = in->size;
			d->fresh = fd + 1;
			(void)stat_fd(fd, &d->attributes);
		}
	}
	if (error == 0 && (in->valid & FATTR_MODE)) {
		error = set_mode(fd, in->mode);
		if (error == 0)
			*done |= SET_MODE;
	}
	if (error == 0 && (in->valid & FATTR_TIMES)) {
		error = set_times(fd, in);
		if (error == 0)
			*done |= (in->valid & (FATTR_ATIME | FATTR_ATIME_NOW) ? SET_ATIME : 0) |
				 (in->valid & (FATTR_MTIME | FATTR_MTIME_NOW) ? SET_MTIME : 0);
	}
	return error;
}

void op_setattr(struct worker *w)
{
	const struct fuse_setattr_in *in = w->arg;
	struct fuse_attr_out out = { FOREVER, 0, 0, { 0 } };
	struct stat before, after;
	uint32_t done = 0;
	credentials_take(w, (in->valid & FATTR_KILL_SUIDGID) != 0);
	begin(w);
	int fd = node_open(w, w->in->nodeid, O_PATH | O_NOFOLLOW);
	int error = fd < 0 ? fd : stat_fd(fd, &before);
	if (error == 0) {
		uint64_t size = (uint64_t)before.st_size < in->size ? (uint64_t)before.st_size : in->size;
		if (in->valid & FATTR_SIZE)
			activity_tail(w, node_real(w, w->in->nodeid), size);
		if (in->valid & ~(uint32_t)(FATTR_SIZE | FATTR_FH))
			activity_metadata(w, node_real(w, w->in->nodeid));
		error = set_all(w, fd, in, &done);
	}
	if (fd >= 0 && stat_fd(fd, &after) == 0) {
		bool mode_fell = after.st_mode != before.st_mode;
		if (w->draft_count > 0 && mode_fell)
			w->drafts[0].flags |= FLAG_MODE_CHANGED;
		if (done != 0) {
			struct draft *d = draft(w, VERB_SETATTR);
			d->node = node_real(w, w->in->nodeid);
			d->detail = done | (mode_fell ? SET_MODE : 0);
			d->attributes = after;
			d->fresh = fd + 1;
			if (mode_fell)
				d->flags |= FLAG_MODE_CHANGED;
		}
		attributes_of(w, &after, &out.attr);
	}
	if (error < 0)
		commit_partly(w, -error);
	else
		commit(w, &out, sizeof(out));
	if (fd >= 0)
		close(fd);
}

void op_statfs(struct worker *w)
{
	struct fuse_statfs_out out;
	struct statfs st;
	if (fstatfs(w->root->directory, &st) != 0)
		return reply_error(w, errno);
	memset(&out, 0, sizeof(out));
	out.st.blocks = st.f_blocks;
	out.st.bfree = st.f_bfree;
	out.st.bavail = st.f_bavail;
	out.st.files = st.f_files;
	out.st.ffree = st.f_ffree;
	out.st.bsize = (uint32_t)st.f_bsize;
	out.st.namelen = (uint32_t)st.f_namelen;
	out.st.frsize = (uint32_t)st.f_frsize;
	reply_data(w, &out, sizeof(out));
}

void op_syncfs(struct worker *w)
{
	if (syncfs(w->root->directory) != 0)
		reply_error(w, errno);
	else
		answer_synced(w);
}
