/*
 * Room of the self-audit: one name in a root's directory that nobody can guess and only the agent was told. It is on no disk and
 * in no listing. What is written to it becomes a cookie in the ring, by the way that every other call takes: through the kernel, a
 * worker and the ring's lock. So a cookie that comes out says that calls before it were recorded, if they came this way at all.
 */
#include "server.h"

/* Inode 0 is no file of ext4's, and that a longer handle's number meets this one is as likely as any other single number. */
#define AUDIT_NODE (1ull << 32)
/* Nobody's data either: below 2^53, where programs look, and beyond what a file system of this size counts to. */
#define AUDIT_INODE ((1ull << 53) - 2)
#define COOKIE_BYTES 8

static bool is_named(const struct worker *w)
{
	const char *name = w->root->state->audit;
	return w->in->nodeid == NODE_ROOT && w->arg_length == AUDIT_NAME + 1 && name[0] != 0 &&
	       memcmp(w->arg, name, AUDIT_NAME) == 0;
}

/* Written only by root, read by nobody; asked for anew each time, for its name is another with the next agent. */
static void attributes(struct fuse_attr *attr)
{
	memset(attr, 0, sizeof(*attr));
	attr->ino = AUDIT_INODE;
	attr->mode = S_IFREG | S_IWUSR;
	attr->nlink = 1;
	attr->blksize = 4096;
}

static void answer_name(struct worker *w)
{
	struct fuse_entry_out out;
	memset(&out, 0, sizeof(out));
	out.nodeid = AUDIT_NODE;
	out.generation = AUDIT_NODE >> 32;
	attributes(&out.attr);
	reply_data(w, &out, sizeof(out));
}

static void answer_attributes(struct worker *w)
{
	struct fuse_attr_out out;
	memset(&out, 0, sizeof(out));
	attributes(&out.attr);
	reply_data(w, &out, sizeof(out));
}

static void answer_open(struct worker *w)
{
	struct fuse_open_out out = { 0, FOPEN_DIRECT_IO, 0 };
	reply_data(w, &out, sizeof(out));
}

/* Not by way of `commit`: nobody may be made to wait for the target here, and a cookie that comes twice says no more than one. */
static void take_cookie(struct worker *w)
{
	const struct fuse_write_in *in = w->arg;
	struct fuse_write_out out = { COOKIE_BYTES, 0 };
	if (w->arg_length < sizeof(*in) + COOKIE_BYTES || in->size != COOKIE_BYTES)
		return reply_error(w, EINVAL);
	w->draft_count = 0;
	memcpy(&draft(w, VERB_COOKIE)->extent, in + 1, COOKIE_BYTES);
	record_alone(w);
	reply_data(w, &out, sizeof(out));
}

bool audit_takes(struct worker *w)
{
	uint32_t opcode = w->in->opcode;
	if (opcode == FUSE_LOOKUP && is_named(w))
		return answer_name(w), true;
	if (w->in->nodeid != AUDIT_NODE)
		return false;
	if (opcode == FUSE_GETATTR)
		answer_attributes(w);
	else if (opcode == FUSE_OPEN)
		answer_open(w);
	else if (opcode == FUSE_WRITE)
		take_cookie(w);
	else if (opcode == FUSE_RELEASE)
		reply_data(w, NULL, 0);
	else if (opcode == FUSE_FLUSH)
		reply_error(w, ENOSYS); /* as everywhere: the kernel never asks again, for any file */
	else if (opcode != FUSE_FORGET)
		reply_error(w, EPERM);
	return true;
}
