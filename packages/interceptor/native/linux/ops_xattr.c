/*
 * Room of extended attributes, ACLs and capabilities among them. The path is /proc/self/fd/N of an O_PATH descriptor, which
 * leads to the node itself, symbolic links included.
 */
#include "server.h"
#include <stdio.h>
#include <sys/xattr.h>

#define SCRATCH 65536

struct target {
	int fd;
	char path[64];
	struct stat before;
};

static int aim(struct worker *w, struct target *t)
{
	t->fd = node_open(w, w->in->nodeid, O_PATH | O_NOFOLLOW);
	if (t->fd < 0)
		return t->fd;
	snprintf(t->path, sizeof(t->path), "/proc/self/fd/%d", t->fd);
	int error = stat_fd(t->fd, &t->before);
	if (error < 0)
		close(t->fd);
	return error;
}

static struct draft *describe(struct worker *w, enum verb verb, struct target *t, const char *name)
{
	struct draft *d = draft(w, verb);
	d->node = node_real(w, w->in->nodeid);
	d->name = name;
	d->name_length = (uint16_t)strlen(name);
	(void)stat_fd(t->fd, &d->attributes);
	if (d->attributes.st_mode != t->before.st_mode)
		d->flags |= FLAG_MODE_CHANGED;
	close(t->fd);
	return d;
}

/*
 * Whether the attribute was there before the call goes into the slot: a repeated call must answer what the first one did,
 * and must not take an error of the first for its success, nor the other way round.
 */
static bool was_there(struct worker *w, const struct target *t, const char *name)
{
	if (!(w->slot->flags & SLOT_BEFORE)) {
		w->slot->size = getxattr(t->path, name, NULL, 0) >= 0;
		atomic_signal_fence(memory_order_seq_cst);
		w->slot->flags |= SLOT_BEFORE;
	}
	return w->slot->size != 0;
}

/* The error that the flags of setxattr(2) ask for, 0 where the value is to be set. */
static int flags_forbid(struct worker *w, const struct target *t, const char *name, uint32_t flags)
{
	if (flags == 0)
		return 0;
	bool there = was_there(w, t, name);
	if ((flags & XATTR_CREATE) && there)
		return EEXIST;
	return (flags & XATTR_REPLACE) && !there ? ENODATA : 0;
}

void op_setxattr(struct worker *w)
{
	const struct fuse_setxattr_in *in = w->arg;
	bool extended = (w->root->state->flags & FUSE_SETXATTR_EXT) != 0;
	const char *name = (const char *)w->arg + (extended ? sizeof(*in) : FUSE_COMPAT_SETXATTR_IN_SIZE);
	const char *value = name + strlen(name) + 1;
	struct target t;
	if (value + in->size > (const char *)w->arg + w->arg_length)
		return reply_error(w, EINVAL);
	credentials_take(w, extended && (in->setxattr_flags & FUSE_SETXATTR_ACL_KILL_SGID));
	int error = -aim(w, &t);
	if (error == 0) {
		error = flags_forbid(w, &t, name, in->flags);
		if (error != 0)
			close(t.fd);
	}
	begin(w);
	if (error != 0)
		return refuse(w, error);
	activity_metadata(w, node_real(w, w->in->nodeid));
	if (setxattr(t.path, name, value, in->size, 0) != 0) {
		error = errno;
		close(t.fd);
		return refuse(w, error);
	}
	struct draft *d = describe(w, VERB_SETXATTR, &t, name);
	d->data = value;
	d->data_length = in->size;
	commit(w, NULL, 0);
}

void op_removexattr(struct worker *w)
{
	const char *name = w->arg;
	struct target t;
	credentials_take(w, false);
	int error = -aim(w, &t);
	bool there = error == 0 && was_there(w, &t, name);
	begin(w);
	if (error != 0)
		return refuse(w, error);
	activity_metadata(w, node_real(w, w->in->nodeid));
	if (removexattr(t.path, name) != 0 && !(w->again && errno == ENODATA && there)) {
		error = errno;
		close(t.fd);
		return refuse(w, error);
	}
	(void)describe(w, VERB_REMOVEXATTR, &t, name);
	commit(w, NULL, 0);
}

static void answer_size_or_data(struct worker *w, uint32_t asked, ssize_t n)
{
	struct fuse_getxattr_out out = { (uint32_t)n, 0 };
	if (asked == 0)
		reply_data(w, &out, sizeof(out));
	else if ((size_t)n > asked)
		reply_error(w, ERANGE);
	else
		reply_data(w, w->scratch, (size_t)n);
}

void op_getxattr(struct worker *w)
{
	const struct fuse_getxattr_in *in = w->arg;
	const char *name = (const char *)(in + 1);
	struct target t;
	int error = aim(w, &t);
	if (error < 0)
		return reply_error(w, -error);
	ssize_t n = getxattr(t.path, name, w->scratch, SCRATCH);
	error = errno;
	close(t.fd);
	if (n < 0)
		return reply_error(w, error);
	answer_size_or_data(w, in->size, n);
}

/* The local file system shows trusted.* to the privileged only, and this server always is. */
static ssize_t without_trusted(char *list, ssize_t length)
{
	ssize_t kept = 0;
	for (ssize_t i = 0; i < length;) {
		size_t one = strlen(list + i) + 1;
		if (strncmp(list + i, "trusted.", 8) != 0) {
			memmove(list + kept, list + i, one);
			kept += (ssize_t)one;
		}
		i += (ssize_t)one;
	}
	return kept;
}

void op_listxattr(struct worker *w)
{
	const struct fuse_getxattr_in *in = w->arg;
	struct target t;
	int error = aim(w, &t);
	if (error < 0)
		return reply_error(w, -error);
	ssize_t n = listxattr(t.path, w->scratch, SCRATCH);
	error = errno;
	close(t.fd);
	if (n < 0)
		return reply_error(w, error);
	if (w->in->uid != 0)
		n = without_trusted(w->scratch, n);
	answer_size_or_data(w, in->size, n);
}
