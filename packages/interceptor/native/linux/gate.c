/*
 * Room of the gate: a call that changes something is executed, and answered, only while this server is the one that writes.
 * Where that is not certain the request waits in the state memory, and its worker serves on; where another server writes it is
 * answered EROFS. What was executed before and is to be answered after waits among the parked (park.c).
 */
#include "gating.h"
#include "parking.h"
#include <poll.h>
#include <pthread.h>
#include <sys/mman.h>

#define LOOK_MS 10

/* `waiting` of the roots and whether reading from their devices blocks change together. */
static pthread_mutex_t counting = PTHREAD_MUTEX_INITIALIZER;

static uint64_t boot_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

/* The agent writes by pwrite: the smaller of two copies is certain. */
enum gate_view gate_look(uint32_t index)
{
	const struct gate_root *g = &state->gate.roots[index];
	uint32_t mode = g->mode;
	if (mode == GATE_OPEN)
		return GATE_PASSES;
	if (mode != GATE_LEASED)
		return GATE_REFUSES;
	uint64_t a = g->until, b = g->until2;
	return boot_now() < (a < b ? a : b) ? GATE_PASSES : GATE_WAITS;
}

/* Whether the call may change something, or says that a change is durable. Opening for writing does neither yet. */
static bool concerns(const struct worker *w, bool shut)
{
	const struct fuse_open_in *open = w->arg;
	switch (w->in->opcode) {
	case FUSE_OPEN:
		return (open->flags & O_TRUNC) != 0 || (shut && (open->flags & O_ACCMODE) != O_RDONLY);
	case FUSE_SETATTR: case FUSE_SYMLINK: case FUSE_MKNOD: case FUSE_MKDIR: case FUSE_UNLINK: case FUSE_RMDIR:
	case FUSE_RENAME: case FUSE_RENAME2: case FUSE_LINK: case FUSE_WRITE: case FUSE_SETXATTR: case FUSE_REMOVEXATTR:
	case FUSE_CREATE: case FUSE_FALLOCATE: case OP_TMPFILE: case FUSE_FSYNC: case FUSE_FSYNCDIR: case OP_SYNCFS:
		return true;
	default:
		return false;
	}
}

/* While anything waits nobody sleeps in read(2): the workers look at the table, too. */
static void count(uint32_t index, int more)
{
	pthread_mutex_lock(&counting);
	struct gate_root *g = &state->gate.roots[index];
	if (more > 0 || g->waiting > 0)
		g->waiting += (uint32_t)more;
	if (more > 0 || state->gate.held > 0)
		state->gate.held += (uint32_t)more;
	if (roots[index].device > 0)
		(void)fcntl(roots[index].device, F_SETFL, g->waiting > 0 ? O_NONBLOCK : 0);
	pthread_mutex_unlock(&counting);
}

static bool move_phase(uint32_t place, enum held_phase from, enum held_phase to)
{
	uint32_t expected = from;
	return atomic_compare_exchange_strong(&state->gate.calls[place].phase, &expected, to);
}

static void let_go(uint32_t place)
{
	struct held_call *c = &state->gate.calls[place];
	if (c->length > 65536)
		(void)madvise(state->gate.requests[place], HELD_BYTES, MADV_REMOVE);
	c->phase = HELD_FREE;
}

static bool put_aside(struct worker *w)
{
	for (uint32_t i = 0; i < HELD_MAX; i++) {
		if (!move_phase(i, HELD_FREE, HELD_FILLING))
			continue;
		struct held_call *c = &state->gate.calls[i];
		c->root = (uint32_t)(w->root - roots);
		c->id = w->root->state->id;
		c->unique = w->in->unique;
		c->tid = w->in->pid;
		c->length = w->in->len;
		CRASH_POINT();
		memcpy(state->gate.requests[i], w->in, w->in->len);
		count(c->root, 1);
		CRASH_POINT();
		c->phase = HELD_WAITING;
		CRASH_POINT();
		return true;
	}
	return false;
}

/* It may have been executed by a server that died: whether it was, nobody finds out any more. */
static bool refuse_doubtful(struct worker *w)
{
	if (w->root->state->recording)
		ring_gap(w->root);
	begin(w);
	refuse(w, EROFS);
	park_after(w);
	return false;
}

bool gate_enter(struct worker *w)
{
	uint32_t index = (uint32_t)(w->root - roots);
	struct timespec nap = { 0, 1000000 };
	for (;;) {
		/* Unmounted, or the connection was cut: nobody waits for an answer. */
		enum gate_view view = w->root->active ? gate_look(index) : GATE_REFUSES;
		if (view == GATE_PASSES || !concerns(w, view == GATE_REFUSES))
			return true;
		if (view == GATE_REFUSES) {
			state->gate.roots[index].refused++;
			if (w->again)
				return refuse_doubtful(w);
			reply_error(w, EROFS);
			return false;
		}
		/* One that may have been executed stays with its worker, which knows that. */
		if (!w->again && put_aside(w))
			return false;
		worker_alive(w);
		nanosleep(&nap, NULL);
	}
}

bool gate_take(struct worker *w)
{
	uint32_t index = (uint32_t)(w->root - roots), oldest = HELD_MAX;
	if (gate_look(index) == GATE_WAITS)
		return false;
	for (uint32_t i = 0; i < HELD_MAX; i++) {
		const struct held_call *c = &state->gate.calls[i];
		if (c->phase == HELD_WAITING && c->root == index && c->id == w->root->state->id &&
		    (oldest == HELD_MAX || c->unique < state->gate.calls[oldest].unique))
			oldest = i;
	}
	if (oldest == HELD_MAX || !move_phase(oldest, HELD_WAITING, HELD_TAKEN))
		return false;
	const struct held_call *c = &state->gate.calls[oldest];
	const size_t behind_length = sizeof(w->in->len);
	CRASH_POINT();
	memcpy((char *)w->in + behind_length, state->gate.requests[oldest] + behind_length, c->length - behind_length);
	atomic_signal_fence(memory_order_seq_cst);
	w->in->len = c->length;
	CRASH_POINT();
	let_go(oldest);
	count(index, -1);
	CRASH_POINT();
	return true;
}

bool gate_readable(const struct worker *w)
{
	struct pollfd device = { w->root->device, POLLIN, 0 };
	return poll(&device, 1, LOOK_MS) != 0;
}

/* The caller is about to end: nothing was executed, and an answer lets it go. */
void gate_let_dying_go(bool (*is_dying)(uint32_t tid))
{
	for (uint32_t i = 0; i < HELD_MAX && state->gate.held > 0; i++) {
		struct held_call *c = &state->gate.calls[i];
		if (c->phase != HELD_WAITING || !is_dying(c->tid) || !move_phase(i, HELD_WAITING, HELD_TAKEN))
			continue;
		uint32_t index = c->root;
		struct fuse_out_header out = { sizeof(out), -EINTR, c->unique };
		ssize_t n = write(roots[index].device, &out, sizeof(out)); /* ENOENT, ENODEV: nobody waits */
		(void)n;
		let_go(i);
		count(index, -1);
	}
}

/* A call was executed while this server wrote, and is to be answered when another does: it never is. */
void gate_spoil_reply(uint32_t opcode, unsigned char *reply, uint32_t *length)
{
	struct fuse_out_header *out = (struct fuse_out_header *)reply;
	size_t at = sizeof(*out) + (opcode == FUSE_OPEN ? 0 : sizeof(struct fuse_entry_out));
	uint64_t fh;
	if (out->error == 0 && (opcode == FUSE_OPEN || opcode == FUSE_CREATE || opcode == OP_TMPFILE)) {
		memcpy(&fh, reply + at + offsetof(struct fuse_open_out, fh), sizeof(fh));
		handle_release(fh);
	}
	out->error = -EROFS;
	out->len = *length = sizeof(*out);
}

/* A worker's own copy counts: it was not put aside completely, or is taken already. */
static bool in_a_worker(const struct held_call *c)
{
	for (uint32_t i = c->root * ROOT_WORKERS; i < (c->root + 1) * ROOT_WORKERS; i++) {
		const struct fuse_in_header *in = (const struct fuse_in_header *)(state->requests[i] + REQUEST_AT);
		if (in->len >= sizeof(*in) && in->unique == c->unique)
			return true;
	}
	return false;
}

void gate_repair(void)
{
	for (uint32_t i = 0; i < MAX_ROOTS; i++)
		state->gate.roots[i].waiting = 0;
	state->gate.held = 0;
	for (uint32_t i = 0; i < HELD_MAX; i++) {
		struct held_call *c = &state->gate.calls[i];
		if (c->phase == HELD_FREE)
			continue;
		bool known = c->root < MAX_ROOTS && roots[c->root].active && state->roots[c->root].id == c->id;
		if (c->phase == HELD_FILLING || !known || in_a_worker(c)) {
			let_go(i);
			continue;
		}
		c->phase = HELD_WAITING;
		count(c->root, 1);
	}
}

/* The root is gone, and with it whoever waited there. */
void gate_drop_root(uint32_t index)
{
	for (uint32_t i = 0; i < HELD_MAX; i++)
		if (state->gate.calls[i].root == index && move_phase(i, HELD_WAITING, HELD_TAKEN)) {
			let_go(i);
			count(index, -1);
		}
}

/* ----------------------------------------------------------------------------------------------- the holder's side */

/* A root begins as the agent has said, before anything can be written to it. */
void gate_root_begins(uint32_t index, uint32_t id)
{
	struct gate_root *g = &state->gate.roots[index];
	memset((void *)g, 0, sizeof(*g));
	g->mode = state->gate.begin;
	g->id = id;
}
