/*
 * Room of undoing: puts back what a parked call has changed, and says so in the ring right behind it, so that the target, which
 * may have the call or get it yet, comes back as well. Everything here may be done twice: a server may die in between.
 */
#include "undo.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#define NO_REPLACE 1u
#define EXCHANGE 2u

bool undo_shares(const struct parked *a, const struct parked *b)
{
	const uint64_t of[] = { a->undo.node, a->undo.victim }, or[] = { b->undo.node, b->undo.victim };
	for (size_t i = 0; i < 2; i++)
		for (size_t k = 0; k < 2; k++)
			if (of[i] != 0 && of[i] == or[k])
				return true;
	return false;
}

static void set_mtime(int dir, struct timespec mtime)
{
	const struct timespec times[2] = { { 0, UTIME_OMIT }, mtime };
	(void)utimensat(dir, "", times, AT_EMPTY_PATH);
}

static int open_parent(const struct worker *w, uint64_t node)
{
	return node_open((struct worker *)w, node, O_PATH | O_DIRECTORY);
}

void undo_settle(const struct worker *w, struct parked *p)
{
	struct undo *u = &p->undo;
	if (!(u->flags & UNDO_ASIDE))
		return;
	int dir = open_parent(w, u->kind == UNDO_MOVED ? u->parent2 : u->parent);
	if (dir < 0)
		return;
	struct timespec mtime = mtime_of(dir);
	if (unlinkat(dir, u->aside, u->flags & UNDO_DIRECTORY ? AT_REMOVEDIR : 0) == 0)
		set_mtime(dir, mtime);
	close(dir);
	u->flags &= ~UNDO_ASIDE;
}

static void put_note(struct worker *w, uint64_t node)
{
	if (node == 0)
		return;
	w->draft_count = 0;
	struct draft *d = draft(w, VERB_DIRTY);
	d->node = node;
	d->detail = NOTE_TAKEN_BACK;
	record_alone(w);
}

static void note_all(struct worker *w, const struct undo *u)
{
	put_note(w, u->node);
	put_note(w, u->victim);
	put_note(w, u->parent);
	put_note(w, u->parent2);
}

static bool set_mode(int fd, mode_t mode)
{
	char path[24];
	snprintf(path, sizeof(path), "%d", fd);
	return fchmodat(proc_fd, path, mode & 07777, 0) == 0;
}

/* Owner, mode and times, in this order. */
static bool put_attributes(int fd, const struct stat *before)
{
	struct stat now;
	const struct timespec times[2] = { before->st_atim, before->st_mtim };
	if (stat_fd(fd, &now) != 0)
		return false;
	if ((now.st_uid != before->st_uid || now.st_gid != before->st_gid) &&
	    fchownat(fd, "", before->st_uid, before->st_gid, AT_EMPTY_PATH) != 0)
		return false;
	if (!S_ISLNK(now.st_mode) && stat_fd(fd, &now) == 0 && now.st_mode != before->st_mode && !set_mode(fd, before->st_mode))
		return false;
	return utimensat(fd, "", times, AT_EMPTY_PATH) == 0;
}

static bool put_content(struct worker *w, const struct parked *p, bool *resized)
{
	const struct undo *u = &p->undo;
	struct stat now;
	int fd = node_open(w, u->node, O_WRONLY);
	size_t done = 0;
	if (fd < 0)
		return false;
	bool good = stat_fd(fd, &now) == 0;
	*resized = good && now.st_size != u->before.st_size;
	if (*resized)
		good = ftruncate(fd, u->before.st_size) == 0;
	while (good && done < u->image_length) {
		ssize_t n = pwrite(fd, undo_image(p) + done, u->image_length - done, (off_t)(u->offset + done));
		good = n > 0;
		done += n > 0 ? (size_t)n : 0;
	}
	close(fd);
	return good;
}

static void close_handle(struct worker *w, const struct parked *p)
{
	size_t at = sizeof(struct fuse_out_header) + (p->opcode == FUSE_OPEN ? 0 : sizeof(struct fuse_entry_out));
	uint64_t fh;
	if (!(p->undo.flags & UNDO_HANDLE))
		return;
	memcpy(&fh, p->reply + at + offsetof(struct fuse_open_out, fh), sizeof(fh));
	w->slot->flags = 0;
	opens_remove(w, p->undo.node);
	handle_release(fh);
}

static bool back_content(struct worker *w, struct parked *p)
{
	const struct undo *u = &p->undo;
	bool resized = false;
	if (u->kind == UNDO_CONTENT && !put_content(w, p, &resized))
		return false;
	int fd = node_open(w, u->node, O_PATH | O_NOFOLLOW);
	if (fd < 0)
		return false;
	bool good = put_attributes(fd, &u->before);
	if (good && u->image_length > 0) {
		struct draft *d = draft(w, VERB_WRITE);
		d->node = u->node;
		d->offset = u->offset;
		d->extent = d->data_length = u->image_length;
		d->data = undo_image(p);
		d->fresh = fd + 1;
	}
	/* The size always: a death may have come between that and its record. */
	if (good && u->kind == UNDO_CONTENT) {
		struct draft *d = draft(w, VERB_TRUNCATE);
		d->node = u->node;
		d->extent = (uint64_t)u->before.st_size;
		d->fresh = fd + 1;
	}
	if (good) {
		struct draft *d = draft(w, VERB_SETATTR);
		d->node = u->node;
		d->detail = SET_MODE | SET_UID | SET_GID | SET_ATIME | SET_MTIME;
		d->flags = FLAG_MODE_CHANGED;
		d->fresh = fd + 1;
		record_alone(w);
		close_handle(w, p);
	}
	close(fd);
	return good;
}

static bool back_xattr(struct worker *w, struct parked *p)
{
	const struct undo *u = &p->undo;
	char path[40];
	bool absent = (u->flags & UNDO_ABSENT) != 0;
	int fd = node_open(w, u->node, O_PATH | O_NOFOLLOW);
	if (fd < 0)
		return false;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	bool good = absent ? removexattr(path, u->name) == 0 || errno == ENODATA
			   : setxattr(path, u->name, undo_image(p), u->image_length, 0) == 0;
	good = good && put_attributes(fd, &u->before);
	if (good) {
		struct draft *d = draft(w, absent ? VERB_REMOVEXATTR : VERB_SETXATTR);
		d->node = u->node;
		d->name = u->name;
		d->name_length = (uint16_t)strlen(u->name);
		d->data = undo_image(p);
		d->data_length = absent ? 0 : u->image_length;
		d->fresh = fd + 1;
		d = draft(w, VERB_SETATTR);
		d->node = u->node;
		d->detail = SET_MODE | SET_ATIME | SET_MTIME;
		d->flags = FLAG_MODE_CHANGED;
		d->fresh = fd + 1;
		record_alone(w);
	}
	close(fd);
	return good;
}

static bool back_made(struct worker *w, struct parked *p)
{
	const struct undo *u = &p->undo;
	bool directory = (u->flags & UNDO_DIRECTORY) != 0;
	int dir = open_parent(w, u->parent);
	if (dir < 0)
		return false;
	if (unlinkat(dir, u->name, directory ? AT_REMOVEDIR : 0) != 0 && errno != ENOENT) {
		close(dir);
		return false;
	}
	set_mtime(dir, u->parent_mtime);
	struct draft *d = draft(w, directory ? VERB_RMDIR : VERB_UNLINK);
	d->node = d->victim = u->node;
	d->parent = u->parent;
	d->parent_mtime = u->parent_mtime;
	d->name = u->name;
	d->name_length = (uint16_t)strlen(u->name);
	int fd = node_open(w, u->node, O_PATH | O_NOFOLLOW);
	if (fd >= 0)
		(void)stat_fd(fd, &d->attributes);
	if (directory)
		d->attributes.st_nlink = 0;
	d->victim_nlink = (uint32_t)d->attributes.st_nlink;
	if (d->victim_nlink == 0)
		nodes_doom(w->root, u->node, true);
	record_alone(w);
	if (fd >= 0)
		close(fd);
	close_handle(w, p);
	close(dir);
	return true;
}

static bool back_nameless(struct worker *w, struct parked *p)
{
	w->draft_count = 0;
	draft(w, VERB_FORGET)->node = p->undo.node;
	record_alone(w);
	close_handle(w, p);
	escrow_drop(w, p->undo.node);
	return true;
}

static bool back_removed(struct worker *w, struct parked *p)
{
	const struct undo *u = &p->undo;
	int dir = open_parent(w, u->parent);
	if (dir < 0)
		return false;
	bool good = syscall(SYS_renameat2, dir, u->aside, dir, u->name, NO_REPLACE) == 0 ||
		    (errno == ENOENT && faccessat(dir, u->name, F_OK, AT_SYMLINK_NOFOLLOW) == 0);
	if (good)
		set_mtime(dir, u->parent_mtime);
	close(dir);
	if (!good)
		return false;
	nodes_doom(w->root, u->node, false);
	note_all(w, u);
	return true;
}

/* False: neither is it back nor could it be brought back. */
static bool move_back(const struct undo *u, int dir, int dir2)
{
	uint64_t there = 0;
	bool back = node_at(dir, u->name, &there) == 0 && there == u->node;
	uint32_t flags = u->flags & UNDO_EXCHANGE ? EXCHANGE : NO_REPLACE;
	if (!back && syscall(SYS_renameat2, dir2, u->name2, dir, u->name, flags) != 0)
		return false;
	if (!(u->flags & UNDO_ASIDE))
		return true;
	if (syscall(SYS_renameat2, dir2, u->aside, dir2, u->name2, NO_REPLACE) == 0 || errno == ENOENT)
		return true;
	/* Both names were the same file's, and the rename had left them alone. */
	return errno == EEXIST && unlinkat(dir2, u->aside, 0) == 0;
}

static bool back_moved(struct worker *w, struct parked *p)
{
	const struct undo *u = &p->undo;
	int dir = open_parent(w, u->parent), dir2 = open_parent(w, u->parent2);
	bool good = dir >= 0 && dir2 >= 0 && move_back(u, dir, dir2);
	if (good) {
		set_mtime(dir2, u->parent2_mtime);
		set_mtime(dir, u->parent_mtime);
	}
	if (dir >= 0)
		close(dir);
	if (dir2 >= 0)
		close(dir2);
	if (!good)
		return false;
	if (u->victim != 0)
		nodes_doom(w->root, u->victim, false);
	note_all(w, u);
	return true;
}

/* What is put back is a change as well, and after a power cut it is looked at. */
static void mark_regions(struct worker *w, const struct undo *u)
{
	uint64_t size = (uint64_t)u->before.st_size;
	if (u->kind == UNDO_CONTENT)
		activity_tail(w, u->node, u->offset < size ? u->offset : size);
	else if (u->kind == UNDO_ATTRIBUTES || u->kind == UNDO_XATTR)
		activity_metadata(w, u->node);
	else if (u->parent != 0)
		activity_names(w, u->parent);
	if (u->kind == UNDO_MOVED)
		activity_names(w, u->parent2);
}

bool undo_put_back(struct worker *w, struct parked *p)
{
	static bool (*const back[])(struct worker *, struct parked *) = {
		[UNDO_CONTENT] = back_content, [UNDO_ATTRIBUTES] = back_content, [UNDO_XATTR] = back_xattr,
		[UNDO_MADE] = back_made, [UNDO_NAMELESS] = back_nameless, [UNDO_REMOVED] = back_removed,
		[UNDO_MOVED] = back_moved,
	};
	if (p->undo.kind == UNDO_NOTHING)
		return true;
	w->draft_count = 0;
	mark_regions(w, &p->undo);
	bool good = back[p->undo.kind](w, p);
	activity_leave(w);
	w->draft_count = 0;
	if (!good)
		note_all(w, &p->undo);
	else
		p->undo.flags &= ~UNDO_ASIDE;
	return good;
}
