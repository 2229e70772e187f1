/*
 * Room of the thread that lets the parked go: sends the stored answers once the agent's mark has come so far, and does what the
 * policy says where it does not come.
 */
#include "gating.h"
#include "parking.h"
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>

#define IDLE_MS 200
#define LOOK_MS 20
/* Between two looks at whether the callers still live. */
#define CALLERS_MS 200
/* The agent degrades by itself at the limit; where none does, the server is this much later. */
#define DEGRADE_GRACE_MS 2000

static _Atomic int interrupted;
static struct worker self; /* this thread, where it undoes */
static struct slot self_slot;

void park_look_at_callers(void)
{
	interrupted = 1;
	park_toll(acks_fd);
}

static void aim(uint32_t root)
{
	self.root = &roots[root];
	self.slot = &self_slot;
	self.index = WORKERS; /* behind all that serve */
	self.draft_count = 0;
	node_dir_forget(&self, 0);
}

static void send(const struct parked *p)
{
	struct fuse_out_header error = { sizeof(error), -(int)p->error, p->unique };
	struct iovec part = p->error != 0 ? (struct iovec){ &error, sizeof(error) }
					  : (struct iovec){ (void *)p->reply, p->reply_length };
	ssize_t n = writev(roots[p->root].device, &part, 1); /* ENOENT: it had its answer; ENODEV: unmounted */
	(void)n;
}

/* Its phase is ANSWERING, and nobody else's. What was kept aside goes first: the caller's locks still hold. */
void park_send(uint32_t i)
{
	struct parked *p = &state->park.calls[i];
	CRASH_POINT();
	if (p->error == 0 && (p->undo.flags & UNDO_ASIDE)) {
		struct worker w = { .root = &roots[p->root], .dir_fd = -1 };
		undo_settle(&w, p);
	}
	CRASH_POINT();
	park_count(p->root, -1);
	send(p);
	CRASH_POINT();
	park_free(i);
}

bool park_phase(uint32_t i, enum park_phase from, enum park_phase to)
{
	uint32_t expected = from;
	return atomic_compare_exchange_strong(&state->park.phase[i], &expected, to);
}

/*
 * Everything later that touches the same nodes is undone before. VFS locks keep most calls from that; opening with O_TRUNC
 * takes none.
 */
static bool undo_with_followers(uint32_t i)
{
	struct parked *p = &state->park.calls[i];
	for (;;) {
		uint32_t last = PARK_MAX;
		for (uint32_t k = 0; k < PARK_MAX; k++) {
			const struct parked *q = &state->park.calls[k];
			if (k == i || state->park.phase[k] != PARK_WAITING || q->root != p->root || q->sequence <= p->sequence)
				continue;
			if (undo_shares(p, q) && (last == PARK_MAX || q->sequence > state->park.calls[last].sequence))
				last = k;
		}
		if (last == PARK_MAX)
			break;
		if (!undo_with_followers(last))
			return false;
	}
	if (p->stuck || p->undo.kind == UNDO_NOT)
		return false;
	if (!park_phase(i, PARK_WAITING, PARK_UNDOING))
		return false;
	aim(p->root);
	p->error = EIO;
	CRASH_POINT();
	if (!undo_put_back(&self, p)) {
		p->error = 0;
		state->park.phase[i] = PARK_WAITING;
		return false;
	}
	CRASH_POINT();
	park_root_of(p->root)->aborted++;
	state->park.phase[i] = PARK_ANSWERING;
	park_send(i);
	return true;
}

static void try_to_undo(uint32_t i)
{
	struct parked *p = &state->park.calls[i];
	uint32_t root = p->root;
	if (p->stuck)
		return;
	if (pthread_rwlock_trywrlock(&undoing[root]) != 0)
		return; /* with the next look */
	/* What cannot be undone waits, as with the policy `suspend`. */
	if (!undo_with_followers(i) && state->park.phase[i] == PARK_WAITING) {
		p->stuck = 1;
		park_root_of(root)->stuck++;
	}
	pthread_rwlock_unlock(&undoing[root]);
}

static uint64_t signals(const char *text, const char *name)
{
	const char *at = strstr(text, name);
	return at == NULL ? 0 : strtoull(at + strlen(name), NULL, 16);
}

#define BIT(signal) (1ull << ((signal) - 1))

/* Whether a signal waits for the caller that will end it. A caller that cannot be found is not of this pid namespace. */
static bool is_dying(uint32_t tid)
{
	static char text[4096];
	char path[40];
	snprintf(path, sizeof(path), "/proc/%u/status", tid);
	int fd = tid == 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return false;
	text[n] = 0;
	const uint64_t harmless = BIT(SIGCHLD) | BIT(SIGURG) | BIT(SIGWINCH) | BIT(SIGCONT) | BIT(SIGSTOP) | BIT(SIGTSTP) |
				  BIT(SIGTTIN) | BIT(SIGTTOU);
	uint64_t pending = signals(text, "SigPnd:") | signals(text, "ShdPnd:");
	uint64_t kept_off = signals(text, "SigBlk:") | signals(text, "SigIgn:") | signals(text, "SigCgt:") | harmless;
	return (pending & BIT(SIGKILL)) != 0 || (pending & ~kept_off) != 0;
}

/* It was executed while this server wrote; what cannot be undone stays, and its caller hears that it may not. */
static void refuse_late(uint32_t i)
{
	struct parked *p = &state->park.calls[i];
	if (park_root_of(p->root)->policy == PARK_ABORT && !p->stuck && p->undo.kind != UNDO_NOT)
		return try_to_undo(i);
	if (!park_phase(i, PARK_WAITING, PARK_ANSWERING))
		return;
	state->gate.roots[p->root].refused++;
	gate_spoil_reply(p->opcode, p->reply, &p->reply_length);
	park_send(i);
}

static void decide(uint32_t i, uint64_t now, bool callers)
{
	struct parked *p = &state->park.calls[i];
	struct park_root *r = park_root_of(p->root);
	if (p->error != 0)
		return try_to_undo(i); /* a server died over it: it is half back */
	enum gate_view gate = gate_look(p->root);
	if (gate == GATE_REFUSES)
		return refuse_late(i);
	uint64_t waited = now > p->since_ms ? now - p->since_ms : 0;
	if (p->sequence == PARK_NOTED && ring->notes == 0)
		p->sequence = ring->sequence;
	bool done = p->sequence != PARK_NOTED && park_acked(r) >= p->sequence;
	if (!done && !park_holds(p->root, park_least(p))) {
		r->released += r->degraded != 0;
		done = true;
	}
	bool acknowledged = done;
	done = done && gate == GATE_PASSES;
	if (!done && callers && waited >= LOOK_MS)
		done = is_dying(p->tid);
	if (done) {
		if (park_phase(i, PARK_WAITING, PARK_ANSWERING))
			park_send(i);
		return;
	}
	if (acknowledged)
		return; /* it waits for the gate alone */
	if (r->policy == PARK_ABORT && waited >= r->limit_ms)
		try_to_undo(i);
	else if (r->policy == PARK_DEGRADE && waited >= r->limit_ms + DEGRADE_GRACE_MS)
		r->degraded = 1; /* and the next look lets all of them go */
}

static void look(uint64_t now, bool callers)
{
	uint64_t oldest[MAX_ROOTS] = { 0 };
	for (uint32_t i = 0; i < PARK_MAX; i++) {
		if (state->park.phase[i] != PARK_WAITING)
			continue;
		decide(i, now, callers);
		const struct parked *p = &state->park.calls[i];
		if (state->park.phase[i] == PARK_WAITING && (oldest[p->root] == 0 || p->since_ms < oldest[p->root]))
			oldest[p->root] = p->since_ms;
	}
	for (int i = 0; i < MAX_ROOTS; i++)
		if (park_root_of((uint32_t)i)->oldest_ms != oldest[i])
			park_root_of((uint32_t)i)->oldest_ms = oldest[i];
}

static void *park_run(void *unused)
{
	char bytes[4096];
	uint64_t callers_at = 0;
	(void)unused;
	credentials_start(&self);
	for (;;) {
		struct pollfd bell = { acks_fd, POLLIN, 0 };
		int wait = state->park.waiting > 0 || state->gate.held > 0 ? LOOK_MS : IDLE_MS;
		int n = poll(&bell, 1, wait);
		while (n > 0 && read(acks_fd, bytes, sizeof(bytes)) == (ssize_t)sizeof(bytes))
			;
		uint64_t now = park_now();
		bool callers = atomic_exchange(&interrupted, 0) != 0 || now >= callers_at + CALLERS_MS;
		if (callers)
			callers_at = now;
		look(now, callers);
		if (callers)
			gate_let_dying_go(is_dying);
	}
	return NULL;
}

/* Once, before the workers start: what a dead server had in hand. */
void park_repair(void)
{
	bool owned[PARK_MAX] = { false };
	uint32_t waiting[MAX_ROOTS] = { 0 };
	for (int i = 0; i < MAX_ROOTS; i++)
		pthread_rwlock_init(&undoing[i], NULL);
	self.dir_fd = -1;
	for (int i = 0; i < WORKERS; i++)
		if (state->slots[i].park != 0)
			owned[state->slots[i].park - 1] = true;
	state->park.waiting = 0;
	for (uint32_t i = 0; i < PARK_MAX; i++) {
		uint32_t phase = state->park.phase[i];
		const struct parked *p = &state->park.calls[i];
		if (phase == PARK_FREE)
			continue;
		if (phase == PARK_PREPARED && !owned[i])
			park_free(i);
		if (phase == PARK_PREPARED)
			continue;
		/* Undone in part: what is due is due again, and puts back what is back already. */
		if (phase == PARK_UNDOING || (phase == PARK_ANSWERING && p->error == 0))
			state->park.phase[i] = PARK_WAITING;
		waiting[p->root]++;
		state->park.waiting++;
	}
	for (uint32_t i = 0; i < MAX_ROOTS; i++)
		park_root_of(i)->waiting = waiting[i];
	/* Undone, and perhaps not answered yet. */
	for (uint32_t i = 0; i < PARK_MAX; i++)
		if (state->park.phase[i] == PARK_ANSWERING)
			park_send(i);
}

void park_start(void)
{
	pthread_t thread;
	if (acks_fd < 0)
		return;
	if (pthread_create(&thread, NULL, park_run, NULL) != 0)
		_exit(4);
	(void)pthread_detach(thread);
}

/* The root is gone, and with it whoever waited there. */
void park_drop_root(uint32_t index)
{
	park_root_of(index)->mode = PARK_OFF;
	for (uint32_t i = 0; i < PARK_MAX; i++)
		if (state->park.calls[i].root == index && park_phase(i, PARK_WAITING, PARK_ANSWERING)) {
			park_count(index, -1);
			park_free(i);
		}
}
