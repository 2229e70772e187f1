/*
 * Room of answers. A modifying call runs: begin, execute, append to the ring, store the answer, send it. Whatever step a
 * death falls on, the slot tells the next server how far it came.
 */
#include "server.h"
#include "notices.h"
#include <sys/uio.h>

static void send_to_kernel(struct worker *w, const struct iovec *parts, int count)
{
	/* ENOENT: the caller is gone or had its answer from the server before us. ENODEV: unmounted. Neither concerns us. */
	ssize_t n = writev(w->root->device, parts, count);
	(void)n;
}

void reply_data(struct worker *w, const void *body, size_t length)
{
	struct fuse_out_header out = { (uint32_t)(sizeof(out) + length), 0, w->in->unique };
	struct iovec parts[2] = { { &out, sizeof(out) }, { (void *)body, length } };
	send_to_kernel(w, parts, length == 0 ? 1 : 2);
}

void reply_error(struct worker *w, int error)
{
	struct fuse_out_header out = { sizeof(out), -error, w->in->unique };
	struct iovec part = { &out, sizeof(out) };
	send_to_kernel(w, &part, 1);
}

void begin(struct worker *w)
{
	w->draft_count = 0;
	if (w->counter->begun == w->counter->done)
		w->counter->begun++;
	w->slot->end = 0;
	w->slot->phase = PHASE_EXECUTING;
	CRASH_POINT();
}

struct draft *draft(struct worker *w, enum verb verb)
{
	struct draft *d = &w->drafts[w->draft_count++];
	memset(d, 0, sizeof(*d));
	d->verb = (uint8_t)verb;
	return d;
}

#ifdef CRASH_POINTS
#include <signal.h>
#include <time.h>
void crash_point(void)
{
	static _Thread_local uint64_t random;
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	random = (random + (uint64_t)now.tv_nsec) * 6364136223846793005ull + 1442695040888963407ull;
	if ((random >> 33) % CRASH_POINTS == 0)
		kill(getpid(), SIGKILL);
}
#endif

static void store(struct worker *w, int error, const void *body, size_t length)
{
	CRASH_POINT();
	struct fuse_out_header out = { (uint32_t)(sizeof(out) + length), -error, w->in->unique };
	memcpy(w->slot->reply, &out, sizeof(out));
	memcpy(w->slot->reply + sizeof(out), body, length);
	w->slot->reply_length = out.len;
}

void send_stored(struct worker *w)
{
	struct iovec part = { w->slot->reply, w->slot->reply_length };
	CRASH_POINT();
	w->slot->phase = PHASE_READY;
	w->counter->done = w->counter->begun;
	CRASH_POINT();
	send_to_kernel(w, &part, 1);
	CRASH_POINT();
}

static void answer(struct worker *w)
{
	CRASH_POINT();
	w->slot->phase = PHASE_READY;
	if (!park_answer(w))
		send_stored(w);
}

void answer_found(struct worker *w)
{
	w->arg = w->in + 1;
	w->arg_length = w->in->len - sizeof(*w->in);
	answer(w);
	park_after(w);
}

void answer_synced(struct worker *w)
{
	const struct park_root *r = &state->park.roots[w->root - roots];
	if (r->mode == PARK_OFF && state->gate.roots[w->root - roots].mode == GATE_OPEN)
		return reply_data(w, NULL, 0);
	store(w, 0, NULL, 0);
	w->slot->sequence = ring->notes > 0 ? PARK_NOTED : r->last;
	answer(w);
}

static void record_and_send(struct worker *w)
{
	if (w->draft_count > 0 && w->root->state->recording && !state->suspended) {
		undo_complete(w);
		ring_append(w);
	}
	answer(w);
}

void record_alone(struct worker *w)
{
	if (w->root->state->recording && !state->suspended)
		ring_append(w);
	w->draft_count = 0;
}

void commit(struct worker *w, const void *body, size_t length)
{
	store(w, 0, body, length);
	record_and_send(w);
}

void commit_partly(struct worker *w, int error)
{
	/* The kernel takes a call that failed for one that changed nothing. */
	if (w->draft_count > 0)
		(void)notice_attributes(w->root - roots, w->in->nodeid);
	store(w, error, NULL, 0);
	record_and_send(w);
}

void doubt(struct worker *w, uint64_t node)
{
	(void)notice_attributes(w->root - roots, node_fuse(w, node));
	if (w->root->state->recording && !state->suspended)
		ring_note(w->root, node, NOTE_DISK_ERROR);
}

/* An error of the disk leaves open how much was done of a call: what it was about is compared, and so is a second directory. */
static void doubt_all(struct worker *w)
{
	uint32_t call = w->in->opcode;
	doubt(w, node_real(w, w->in->nodeid));
	if ((call == FUSE_RENAME || call == FUSE_RENAME2 || call == FUSE_LINK) && w->arg_length >= sizeof(uint64_t))
		doubt(w, node_real(w, *(const uint64_t *)w->arg));
}

void refuse(struct worker *w, int error)
{
	if (error == EIO)
		doubt_all(w);
	store(w, error, NULL, 0);
	send_stored(w);
}
