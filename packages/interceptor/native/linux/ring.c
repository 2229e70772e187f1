/*
 * Room of the ring: records go in here before the kernel has its answer, so their order is the order of execution.
 * An append is committed by one store to `head`. Where the ring is full, what changed is noted instead, node by node, and
 * the notes go in as records as soon as there is room, before anything newer does.
 */
#include "server.h"
#include <pthread.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t known_tail;

static uint64_t padded(uint64_t n)
{
	return (n + 7) & ~7ull;
}

static void put(unsigned char *at, uint64_t value, size_t bytes)
{
	memcpy(at, &value, bytes); /* little endian by the machines this is built for */
}

static void encode_attributes(unsigned char *at, const struct stat *st)
{
	put(at + 72, st->st_mode, 4);
	put(at + 76, st->st_uid, 4);
	put(at + 80, st->st_gid, 4);
	put(at + 84, st->st_nlink, 4);
	put(at + 88, (uint64_t)st->st_size, 8);
	put(at + 96, st->st_rdev, 8);
	put(at + 104, (uint64_t)st->st_atim.tv_sec, 8);
	put(at + 112, (uint64_t)st->st_mtim.tv_sec, 8);
	put(at + 120, (uint64_t)st->st_atim.tv_nsec, 4);
	put(at + 124, (uint64_t)st->st_mtim.tv_nsec, 4);
}

static size_t record_length(const struct draft *d)
{
	return padded(RECORD_HEADER + (uint64_t)d->name_length + d->name2_length + d->data_length);
}

size_t record_encode(unsigned char *at, const struct draft *d, uint16_t root_id, uint64_t sequence)
{
	size_t length = record_length(d), used = RECORD_HEADER;
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	put(at, length, 4);
	at[4] = d->verb;
	at[5] = d->flags;
	put(at + 6, root_id, 2);
	put(at + 8, sequence, 8);
	put(at + 16, (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec, 8);
	put(at + 24, d->node, 8);
	put(at + 32, d->parent, 8);
	put(at + 40, d->parent2, 8);
	put(at + 48, d->victim, 8);
	put(at + 56, d->offset, 8);
	put(at + 64, d->extent, 8);
	encode_attributes(at, &d->attributes);
	put(at + 128, (uint64_t)d->parent_mtime.tv_sec, 8);
	put(at + 136, (uint64_t)d->parent2_mtime.tv_sec, 8);
	put(at + 144, (uint64_t)d->parent_mtime.tv_nsec, 4);
	put(at + 148, (uint64_t)d->parent2_mtime.tv_nsec, 4);
	put(at + 152, d->victim_nlink, 4);
	put(at + 156, d->name_length, 2);
	put(at + 158, d->name2_length, 2);
	put(at + 160, d->data_length, 4);
	put(at + 164, d->detail, 4);
	memcpy(at + used, d->name, d->name_length);
	used += d->name_length;
	memcpy(at + used, d->name2, d->name2_length);
	used += d->name2_length;
	memcpy(at + used, d->data, d->data_length);
	used += d->data_length;
	memset(at + used, 0, length - used);
	return length;
}

/* The agent writes the tail by pwrite, which promises no atomic store: two equal copies are a whole value. */
static uint64_t read_tail(void)
{
	for (int i = 0; i < 1000; i++) {
		uint64_t a = ring->tail, b = ring->tail2;
		if (a == b && a <= ring->head && ring->head - a <= ring->size)
			return a;
	}
	return known_tail;
}

static bool has_room(uint64_t length)
{
	if (ring->head + length - known_tail > ring->size)
		known_tail = read_tail();
	return ring->head + length - known_tail <= ring->size;
}

static void append(const struct draft *drafts, int count, uint16_t root_id, struct slot *slot)
{
	uint64_t head = ring->head, sequence = ring->sequence;
	for (int i = 0; i < count; i++)
		head += record_encode(ring_data + head % ring->size, &drafts[i], root_id, sequence + 1 + (uint64_t)i);
	state->append_sequence = sequence;
	state->append_end = head;
	if (slot != NULL) {
		slot->sequence = sequence + (uint64_t)count;
		slot->end = head;
	}
	CRASH_POINT();
	ring->sequence = sequence + (uint64_t)count;
	CRASH_POINT();
	ring->head2 = head;
	CRASH_POINT();
	ring->head = head;
}

static void ring_bell(void)
{
	uint64_t one = 1;
	if (ring->armed != 0 && atomic_exchange(&ring->armed, 0) != 0) {
		ssize_t n = write(bell_fd, &one, sizeof(one));
		(void)n;
	}
}

static void note_gap(struct root_state *root)
{
	if (atomic_exchange(&root->gap, 1) == 0)
		ring->notes++;
}

/* The first reason stays. */
static void note_node(struct root_state *root, uint64_t node, enum note_why why)
{
	if (node == 0 || root->gap)
		return;
	uint32_t home = (uint32_t)((node * 0x9e3779b97f4a7c15ull) >> 52);
	for (uint32_t i = 0; i < 16; i++) {
		struct note *n = &state->notes[(home + i) & (MAX_NOTES - 1)];
		if (n->used && n->node == node && n->root_id == root->id)
			return;
		if (n->used)
			continue;
		n->node = node;
		n->root_id = root->id;
		n->used = 1 + (uint32_t)why;
		ring->notes++;
		ring->dirty_total++;
		return;
	}
	note_gap(root);
}

static bool flush_one(enum verb verb, uint32_t detail, uint64_t node, uint32_t root_id)
{
	struct draft d;
	memset(&d, 0, sizeof(d));
	d.verb = (uint8_t)verb;
	d.detail = detail;
	d.node = node;
	if (!has_room(RECORD_HEADER))
		return false;
	append(&d, 1, (uint16_t)root_id, NULL);
	ring->notes--;
	return true;
}

/* Once notes are taken it stays so until a quarter is free: at the brim the two would only take turns. */
static bool flush_locked(void)
{
	if (!has_room(ring->size / 4))
		return false;
	for (int i = 0; i < MAX_ROOTS && ring->notes > 0; i++)
		if (state->roots[i].gap) {
			if (!flush_one(VERB_GAP, 0, 0, state->roots[i].id))
				return false;
			state->roots[i].gap = 0;
		}
	for (int i = 0; i < MAX_NOTES && ring->notes > 0; i++)
		if (state->notes[i].used) {
			if (!flush_one(VERB_DIRTY, state->notes[i].used - 1, state->notes[i].node, state->notes[i].root_id))
				return false;
			state->notes[i].used = 0;
		}
	return ring->notes == 0;
}

/* With the lock, which it gives back. */
static void tell_notes(void)
{
	(void)flush_locked();
	pthread_mutex_unlock(&lock);
	ring_bell();
}

/* Called by the clock too: the notes must not wait for the next modification. */
void ring_flush_notes(void)
{
	if (ring->notes == 0)
		return;
	pthread_mutex_lock(&lock);
	known_tail = read_tail();
	tell_notes();
}

void ring_gap(struct root *root)
{
	pthread_mutex_lock(&lock);
	note_gap(root->state);
	tell_notes();
}

void ring_note(struct root *root, uint64_t node, enum note_why why)
{
	pthread_mutex_lock(&lock);
	note_node(root->state, node, why);
	tell_notes();
}

static void take_fresh(struct worker *w)
{
	for (int i = 0; i < w->draft_count; i++)
		if (w->drafts[i].fresh != 0)
			(void)stat_fd(w->drafts[i].fresh - 1, &w->drafts[i].attributes);
}

void ring_append(struct worker *w)
{
	struct root_state *root = w->root->state;
	uint64_t length = 0;
	for (int i = 0; i < w->draft_count; i++)
		length += record_length(&w->drafts[i]);
	pthread_mutex_lock(&lock);
	while (!has_room(length) && ring->blocking && root->recording && w->running) {
		pthread_mutex_unlock(&lock);
		ring_bell();
		struct timespec nap = { 0, 1000000 };
		nanosleep(&nap, NULL);
		worker_alive(w); /* the agent may be long in coming, and that is no fault of this worker */
		pthread_mutex_lock(&lock);
	}
	if ((ring->notes == 0 || flush_locked()) && has_room(length)) {
		take_fresh(w);
		append(w->drafts, w->draft_count, (uint16_t)root->id, w->slot);
		state->park.roots[w->root - roots].last = ring->sequence;
	} else {
		if (w->slot != NULL)
			w->slot->sequence = PARK_NOTED;
		for (int i = 0; i < w->draft_count; i++) {
			struct draft *d = &w->drafts[i];
			note_node(root, d->node, NOTE_RING_FULL);
			note_node(root, d->parent, NOTE_RING_FULL);
			note_node(root, d->parent2, NOTE_RING_FULL);
			note_node(root, d->victim, NOTE_RING_FULL);
		}
	}
	pthread_mutex_unlock(&lock);
	ring_bell();
}

void ring_repair(void)
{
	if (ring->head < state->append_end && ring->sequence > state->append_sequence)
		ring->sequence = state->append_sequence;
	ring->head2 = ring->head;
	known_tail = read_tail();
	for (int i = 0; i < WORKERS; i++) {
		struct slot *slot = &state->slots[i];
		if (slot->phase == PHASE_EXECUTING && slot->end != 0 && ring->head >= slot->end)
			slot->phase = PHASE_READY;
		slot->end = 0;
	}
	/* A death between a note and its count. */
	uint32_t notes = 0;
	for (int i = 0; i < MAX_NOTES; i++)
		notes += state->notes[i].used != 0;
	for (int i = 0; i < MAX_ROOTS; i++)
		notes += state->roots[i].gap != 0;
	ring->notes = notes;
}
