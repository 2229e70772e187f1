/*
 * Room of names that go or move: unlink, rmdir, rename, forget. What was there before goes into the slot first: after a
 * death it tells whether the call was executed.
 */
#include "server.h"
#include <stdio.h>
#include <sys/syscall.h>

#define EXCHANGE 2u
#define WHITEOUT 4u

/* The node that has a name, held by a descriptor until its fate is known. -errno where there is none. */
static int hold(const struct worker *w, int dir, const char *name, uint64_t *node, struct stat *st)
{
	int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int error = node_meet(w->root, fd, "", node);
	if (error == 0)
		error = stat_fd(fd, st);
	if (error == 0)
		return fd;
	close(fd);
	return error;
}

/* Before its last name goes: who has it open, and who is on the way to it, must find it still. */
static void keep_in_reach(struct worker *w, int fd, uint64_t node, const struct stat *st)
{
	bool last = st->st_nlink <= 1 || S_ISDIR(st->st_mode);
	int own = last ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
	if (own >= 0)
		late_keep(w->root, node, own);
	if (last && S_ISREG(st->st_mode) && opens_maybe(node))
		escrow_keep(w, node, fd);
}

/* Of a node that another server removed or replaced: what is left of it. */
static void left_of(struct worker *w, uint64_t node, struct stat *st)
{
	int fd = node_open(w, node, O_PATH | O_NOFOLLOW);
	memset(st, 0, sizeof(*st));
	if (fd < 0)
		return;
	(void)stat_fd(fd, st);
	close(fd);
}

static void remove_name(struct worker *w, enum verb verb, int flags)
{
	const char *name = w->arg;
	struct slot *slot = w->slot;
	struct stat st;
	uint64_t node = 0;
	credentials_take(w, false);
	int dir = node_dir(w, w->in->nodeid);
	int fd = dir < 0 ? dir : hold(w, dir, name, &node, &st);
	bool done = w->again && fd == -ENOENT && (slot->flags & SLOT_BEFORE);
	if (fd < 0 && !done) {
		begin(w);
		return refuse(w, -fd);
	}
	if (!done) {
		slot->node = node;
		slot->flags |= SLOT_BEFORE;
		keep_in_reach(w, fd, node, &st);
	}
	activity_names(w, node_real(w, w->in->nodeid));
	CRASH_POINT();
	begin(w);
	if (!done && undo_unlink(w, dir, name, flags) != 0) {
		int error = errno;
		close(fd);
		return refuse(w, error);
	}
	struct draft *d = draft(w, verb);
	d->node = d->victim = slot->node;
	if (done)
		left_of(w, slot->node, &d->attributes);
	else
		(void)stat_fd(fd, &d->attributes);
	d->attributes.st_nlink = undo_nlink(w, d->attributes.st_nlink);
	d->victim_nlink = verb == VERB_RMDIR ? 0 : (uint32_t)d->attributes.st_nlink;
	if (d->victim_nlink == 0)
		nodes_doom(w->root, slot->node, true);
	activity_home(w, slot->node, 0);
	d->parent = node_real(w, w->in->nodeid);
	d->parent_mtime = mtime_of(dir);
	d->name = name;
	d->name_length = (uint16_t)strlen(name);
	commit(w, NULL, 0);
	if (fd >= 0)
		close(fd);
	if (verb == VERB_RMDIR)
		node_dir_forget(w, slot->node);
}

void op_unlink(struct worker *w)
{
	remove_name(w, VERB_UNLINK, 0);
}

void op_rmdir(struct worker *w)
{
	remove_name(w, VERB_RMDIR, AT_REMOVEDIR);
}

struct move {
	uint64_t to;
	uint32_t flags;
	const char *name, *name2;
	int dir, dir2;
	int moved, victim; /* descriptors; victim -ENOENT where the new name was free */
	struct stat moved_st, victim_st;
};

static void record_move(struct worker *w, struct move *m)
{
	struct slot *slot = w->slot;
	struct draft *d = draft(w, VERB_RENAME);
	d->node = slot->node;
	d->victim = slot->victim;
	left_of(w, slot->node, &d->attributes);
	if (slot->victim != 0) {
		struct stat st;
		if (m->victim >= 0)
			(void)stat_fd(m->victim, &st);
		else
			left_of(w, slot->victim, &st);
		st.st_nlink = undo_nlink(w, st.st_nlink);
		/* A directory that was replaced is gone, whatever its link count says. */
		d->victim_nlink = S_ISDIR(st.st_mode) && !(m->flags & EXCHANGE) ? 0 : (uint32_t)st.st_nlink;
		if (d->victim_nlink == 0)
			nodes_doom(w->root, slot->victim, true);
	}
	activity_moved(w, slot->node, node_real(w, m->to), S_ISDIR(d->attributes.st_mode));
	if (m->flags & EXCHANGE)
		activity_moved(w, slot->victim, node_real(w, w->in->nodeid), 1);
	else if (slot->victim != 0)
		activity_home(w, slot->victim, 0);
	d->detail = m->flags;
	d->parent = node_real(w, w->in->nodeid);
	d->parent2 = node_real(w, m->to);
	d->parent_mtime = mtime_of(m->dir);
	d->parent2_mtime = mtime_of(m->dir2);
	d->name = m->name;
	d->name_length = (uint16_t)strlen(m->name);
	d->name2 = m->name2;
	d->name2_length = (uint16_t)strlen(m->name2);
}

/* XFS gives a directory whose parent changes by an exchange a new time; the record of the move has no room for both. */
static void record_times(struct worker *w, uint64_t node, const struct stat *before)
{
	struct stat now;
	left_of(w, node, &now);
	if (!S_ISDIR(now.st_mode) || (now.st_mtim.tv_sec == before->st_mtim.tv_sec &&
				      now.st_mtim.tv_nsec == before->st_mtim.tv_nsec))
		return;
	struct draft *d = draft(w, VERB_SETATTR);
	d->node = node;
	d->detail = SET_MTIME;
	d->attributes = now;
}

static int execute_rename(const struct worker *w, const struct move *m)
{
	if (m->victim >= 0 && undo_displace(w, m->dir2, m->name2, S_ISDIR(m->victim_st.st_mode)) != 0)
		return -1;
	if (syscall(SYS_renameat2, m->dir, m->name, m->dir2, m->name2, m->flags) == 0)
		return 0;
	undo_failed(w, m->dir2, m->name2);
	return -1;
}

static void execute_move(struct worker *w, struct move *m)
{
	struct slot *slot = w->slot;
	uint64_t node = 0, victim = 0;
	m->moved = hold(w, m->dir, m->name, &node, &m->moved_st);
	m->victim = hold(w, m->dir2, m->name2, &victim, &m->victim_st);
	bool done = w->again && (slot->flags & SLOT_BEFORE) && m->victim >= 0 && victim == slot->node;
	if (!done && m->moved < 0) {
		begin(w);
		return refuse(w, -m->moved);
	}
	if (done) {
		/* What the new name holds is the moved node itself, not its victim. */
		close(m->victim);
		m->victim = -ENOENT;
	} else {
		slot->node = node;
		if (m->victim >= 0 || !undo_displaced(w))
			slot->victim = m->victim >= 0 ? victim : 0;
		slot->flags |= SLOT_BEFORE;
		if (m->victim >= 0 && !(m->flags & EXCHANGE))
			keep_in_reach(w, m->victim, victim, &m->victim_st);
	}
	activity_names(w, node_real(w, w->in->nodeid));
	activity_names(w, node_real(w, m->to));
	begin(w);
	if (!done && execute_rename(w, m) != 0)
		return refuse(w, errno);
	record_move(w, m);
	if (m->flags & EXCHANGE) {
		const struct stat unknown = { .st_mtim = { -1, 0 } };
		record_times(w, slot->node, done ? &unknown : &m->moved_st);
		record_times(w, slot->victim, done ? &unknown : &m->victim_st);
	}
	commit(w, NULL, 0);
}

static void move(struct worker *w, struct move *m)
{
	m->name2 = m->name + strlen(m->name) + 1;
	m->moved = m->victim = -1;
	credentials_take(w, false);
	m->dir = node_open(w, w->in->nodeid, O_PATH | O_DIRECTORY);
	m->dir2 = node_open(w, m->to, O_PATH | O_DIRECTORY);
	if (m->dir < 0 || m->dir2 < 0) {
		begin(w);
		refuse(w, m->dir < 0 ? -m->dir : -m->dir2);
	} else
		execute_move(w, m);
	const int fds[] = { m->dir, m->dir2, m->moved, m->victim };
	for (size_t i = 0; i < 4; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

void op_rename(struct worker *w)
{
	const struct fuse_rename_in *in = w->arg;
	struct move m = { .to = in->newdir, .flags = 0, .name = (const char *)(in + 1) };
	move(w, &m);
}

void op_rename2(struct worker *w)
{
	const struct fuse_rename2_in *in = w->arg;
	struct move m = { .to = in->newdir, .flags = in->flags, .name = (const char *)(in + 1) };
	move(w, &m);
}

/* The kernel has let go of it: nobody has it open, nobody has a page of it. What has no name either is gone. */
static void forget(struct worker *w, uint64_t node)
{
	uint64_t real = node_real(w, node);
	if (escrow_nameless(w, real)) {
		w->draft_count = 0;
		draft(w, VERB_FORGET)->node = real;
		record_alone(w);
		CRASH_POINT();
	}
	escrow_drop(w, real);
	nodes_forget(w->root, real);
}

void op_forget(struct worker *w)
{
	forget(w, w->in->nodeid);
}

void op_batch_forget(struct worker *w)
{
	const struct fuse_batch_forget_in *in = w->arg;
	const struct fuse_forget_one *one = (const struct fuse_forget_one *)(in + 1);
	for (uint32_t i = 0; i < in->count && (const char *)(one + i + 1) <= (const char *)w->arg + w->arg_length; i++)
		forget(w, one[i].nodeid);
}
