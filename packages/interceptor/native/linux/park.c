/*
 * Room of the parked: in the synchronous mode a call that is executed and recorded is not answered before the target has it.
 * The stored answer moves from the worker's slot to the table in the state memory, and the worker serves on. Who takes it out
 * again is park_thread.c.
 */
#include "gating.h"
#include "parking.h"
#include <stdio.h>
#include <stdlib.h>

int acks_fd = -1, calls_fd = -1;
pthread_rwlock_t undoing[MAX_ROOTS];

uint64_t park_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

struct park_root *park_root_of(uint32_t index)
{
	return &state->park.roots[index];
}

/* The agent writes by pwrite: the smaller of two copies is certain. */
uint64_t park_acked(const struct park_root *r)
{
	uint64_t a = r->acked, b = r->acked2;
	return a < b ? a : b;
}

void park_toll(int fd)
{
	ssize_t n = write(fd, "", 1); /* full: whoever reads has enough to do anyway */
	(void)n;
}

bool park_holds(uint32_t index, enum park_mode least)
{
	const struct park_root *r = park_root_of(index);
	return r->mode >= least && !r->degraded && state->roots[index].recording && !state->suspended;
}

static bool is_fsync(uint32_t opcode)
{
	return opcode == FUSE_FSYNC || opcode == FUSE_FSYNCDIR || opcode == OP_SYNCFS;
}

enum park_mode park_least(const struct parked *p)
{
	return is_fsync(p->opcode) || p->durable ? PARK_FSYNC : PARK_EVERY_CALL;
}

struct parked *park_prepared(const struct worker *w)
{
	uint32_t at = w->slot == NULL ? 0 : w->slot->park;
	if (at == 0 || state->park.phase[at - 1] != PARK_PREPARED)
		return NULL;
	struct parked *p = &state->park.calls[at - 1];
	return p->unique == w->in->unique && p->owner == (uint32_t)w->index ? p : NULL;
}

/* Every place taken: a thousand callers wait already, and one more waits here. */
static uint32_t take_place(struct worker *w)
{
	struct timespec nap = { 0, 1000000 };
	for (;;) {
		for (uint32_t i = 0; i < PARK_MAX; i++) {
			uint32_t expected = PARK_FREE;
			if (!atomic_compare_exchange_strong(&state->park.phase[i], &expected, PARK_PREPARED))
				continue;
			struct parked *p = &state->park.calls[i];
			p->root = (uint32_t)(w->root - roots);
			p->opcode = w->in->opcode;
			p->unique = w->in->unique;
			p->tid = w->in->pid;
			p->owner = (uint32_t)w->index;
			p->error = p->stuck = p->durable = 0;
			p->undo.kind = UNDO_NOT;
			p->undo.node = p->undo.victim = 0;
			p->undo.flags = 0;
			p->undo.image_length = 0;
			w->slot->park = i + 1;
			return i;
		}
		uint32_t index = (uint32_t)(w->root - roots);
		if (!park_holds(index, PARK_FSYNC) && gate_look(index) != GATE_WAITS)
			return PARK_MAX;
		worker_alive(w);
		nanosleep(&nap, NULL);
	}
}

/* Before a call that changes something is executed: what it takes to undo it, where the policy is to undo. */
void park_before(struct worker *w)
{
	uint32_t index = (uint32_t)(w->root - roots);
	w->undo_locked = false;
	if (!park_holds(index, PARK_EVERY_CALL) || park_root_of(index)->policy != PARK_ABORT)
		return;
	if (!undo_concerns(w->in->opcode) || is_write_back(w))
		return;
	struct parked *p = park_prepared(w);
	if (p == NULL) {
		uint32_t i = take_place(w);
		p = i < PARK_MAX ? &state->park.calls[i] : NULL;
	}
	/* Nothing that could touch the same file is executed while another is undone. */
	pthread_rwlock_rdlock(&undoing[index]);
	w->undo_locked = true;
	if (p != NULL && !(p->undo.flags & UNDO_READY))
		undo_prepare(w, p);
}

void park_free(uint32_t i)
{
	undo_forget_image(i);
	state->park.phase[i] = PARK_FREE;
}

/* After the call: what was prepared and is not parked is settled and let go of. */
void park_after(struct worker *w)
{
	struct parked *p = park_prepared(w);
	if (p != NULL)
		park_free((uint32_t)(p - state->park.calls));
	w->slot->park = 0;
	if (w->undo_locked)
		pthread_rwlock_unlock(&undoing[w->root - roots]);
	w->undo_locked = false;
}

/* Of a request found in a dead server's hands: it waits already. */
static bool waits_already(const struct worker *w)
{
	uint32_t at = w->slot->park;
	if (at == 0)
		return false;
	uint32_t phase = state->park.phase[at - 1];
	const struct parked *p = &state->park.calls[at - 1];
	return phase > PARK_PREPARED && p->unique == w->in->unique && p->root == (uint32_t)(w->root - roots);
}

void park_count(uint32_t root, int more)
{
	park_root_of(root)->waiting += (uint32_t)more;
	state->park.waiting += (uint32_t)more;
}

/*
 * The answer is in the slot and complete. True: it waits, or was sent, by what stands in the table; false: send it now.
 * The mark is looked at once more after the place is marked: whoever moves it looks at the places after that.
 */
bool park_answer(struct worker *w)
{
	uint32_t index = (uint32_t)(w->root - roots);
	struct park_root *r = park_root_of(index);
	struct slot *slot = w->slot;
	bool durable = is_durable_write(w), sync = is_fsync(w->in->opcode) || durable;
	if (waits_already(w))
		return true;
	struct parked *p = park_prepared(w);
	bool wanted = slot->sequence != 0 && park_holds(index, sync ? PARK_FSYNC : PARK_EVERY_CALL) && !is_write_back(w) &&
		      (slot->sequence == PARK_NOTED || park_acked(r) < slot->sequence);
	wanted = wanted || (gate_of(w)->mode != GATE_OPEN && gate_look(index) != GATE_PASSES);
	uint32_t i = !wanted ? PARK_MAX : p != NULL ? (uint32_t)(p - state->park.calls) : take_place(w);
	if (i == PARK_MAX) {
		if (p != NULL)
			undo_settle(w, p);
		if (gate_look(index) == GATE_REFUSES)
			gate_spoil_reply(w->in->opcode, slot->reply, &slot->reply_length);
		return false;
	}
	p = &state->park.calls[i];
	p->durable = durable;
	/* Where every call waits it is undone as any other write. */
	if (sync && !(durable && park_holds(index, PARK_EVERY_CALL))) {
		p->undo.kind = UNDO_NOTHING;
		p->undo.flags = UNDO_READY;
	}
	p->sequence = slot->sequence;
	p->since_ms = park_now();
	p->reply_length = slot->reply_length;
	memcpy(p->reply, slot->reply, slot->reply_length);
	CRASH_POINT();
	park_count(index, 1);
	state->park.phase[i] = PARK_WAITING;
	CRASH_POINT();
	slot->park = 0;
	w->counter->done = w->counter->begun;
	if (calls_fd >= 0)
		park_toll(calls_fd);
	uint32_t waiting = PARK_WAITING;
	if (slot->sequence != PARK_NOTED && park_acked(r) >= slot->sequence && gate_look(index) == GATE_PASSES &&
	    atomic_compare_exchange_strong(&state->park.phase[i], &waiting, PARK_ANSWERING))
		park_send(i);
	return true;
}

/* The kernel says that a caller has a signal: only one that ends it is a reason to answer. */
void park_interrupted(void)
{
	if (state->park.waiting == 0 && state->gate.held == 0)
		return;
	park_look_at_callers();
}

/* ----------------------------------------------------------------------------------------------- the holder's side */

/* A root begins: nothing of one that had the place before holds. */
void park_root_begins(uint32_t index, uint32_t id)
{
	memset((void *)park_root_of(index), 0, sizeof(struct park_root));
	park_root_of(index)->id = id;
	gate_root_begins(index, id);
}

/* Where the agent finds what it needs. */
void park_announce(void)
{
	state->park.acks_fd = (uint32_t)acks_fd;
	state->park.calls_fd = (uint32_t)calls_fd;
	state->park_at = offsetof(struct state, park);
	state->gate_at = offsetof(struct state, gate);
}

/* One descriptor for both ends, so that it can be handed on as one. */
static int make_pipe(void)
{
	int ends[2];
	char path[40];
	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", ends[0]);
	int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	close(ends[0]);
	close(ends[1]);
	return fd;
}

bool park_make_bells(void)
{
	if (acks_fd < 0)
		acks_fd = make_pipe();
	if (calls_fd < 0)
		calls_fd = make_pipe();
	return acks_fd >= 0 && calls_fd >= 0;
}
