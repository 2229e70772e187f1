/*
 * Room of the activity log's table: which regions are active. It lies in the state memory, so that the next server knows it; what
 * finds an entry in it is made anew by each server.
 */
#include "activity_table.h"

#define BUCKETS 16384u
/* Kept free for SERVED and ROOT entries, which must always find a place. */
#define RESERVED (2 * MAX_ROOTS)
/* File systems and the clock count in steps of their own. */
#define SINCE_SLACK_MS 2000

pthread_mutex_t activity_lock = PTHREAD_MUTEX_INITIALIZER;
_Static_assert(WORKERS + 1 == ACTIVITY_WORKERS && ACTIVITY_ENTRIES < UINT16_MAX, "activity table layout");

static uint16_t heads[BUCKETS], nexts[ACTIVITY_ENTRIES]; /* entry + 1 */
static uint32_t next_free; /* where the search for a free entry begins: neighbours share a block, and so a write */

uint64_t activity_hash(uint64_t node, uint64_t more)
{
	return ((node ^ more * 0xff51afd7ed558ccdull) * 0x9e3779b97f4a7c15ull) >> 32;
}

static uint32_t bucket_of(enum region_kind kind, uint16_t root, uint64_t node, uint32_t stretch)
{
	return (uint32_t)activity_hash(node, (uint64_t)stretch << 24 | (uint64_t)root << 8 | kind) & (BUCKETS - 1);
}

/* A file has one tail, from the lowest stretch on. */
static uint32_t key_stretch(enum region_kind kind, uint32_t stretch)
{
	return kind == REGION_STRETCH ? stretch : 0;
}

int activity_find(enum region_kind kind, uint16_t root, uint64_t node, uint32_t stretch)
{
	for (uint16_t at = heads[bucket_of(kind, root, node, key_stretch(kind, stretch))]; at != 0; at = nexts[at - 1]) {
		const struct region *r = &table->regions[at - 1];
		if (r->kind == kind && r->root == root && r->node == node && (kind != REGION_STRETCH || r->stretch == stretch))
			return at - 1;
	}
	return -1;
}

static void enter_hash(uint32_t i)
{
	const struct region *r = &table->regions[i];
	uint32_t b = bucket_of(r->kind, r->root, r->node, key_stretch(r->kind, r->stretch));
	nexts[i] = heads[b];
	heads[b] = (uint16_t)(i + 1);
}

static void leave_hash(uint32_t i)
{
	const struct region *r = &table->regions[i];
	uint16_t *at = &heads[bucket_of(r->kind, r->root, r->node, key_stretch(r->kind, r->stretch))];
	while (*at != 0 && *at != i + 1)
		at = &nexts[*at - 1];
	if (*at != 0)
		*at = nexts[i];
}

uint32_t activity_clock(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint32_t)now.tv_sec;
}

uint64_t activity_since(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	uint64_t ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	return ms > SINCE_SLACK_MS ? ms - SINCE_SLACK_MS : 0;
}

/* Notes that wait for room go in before anything newer, so they are not beyond this either. */
uint64_t activity_bound(void)
{
	bool notes = ring->notes != 0 || state->suspended;
	return ring->sequence + (notes ? MAX_NOTES + MAX_ROOTS + 1 : 0);
}

bool activity_is_held(uint32_t entry)
{
	for (int w = 0; w < ACTIVITY_WORKERS; w++)
		for (int i = 0; i < ACTIVITY_HELD; i++)
			if (table->held[w][i] == entry + 1)
				return true;
	return false;
}

int activity_insert(enum region_kind kind, uint16_t root, uint64_t node, uint32_t stretch)
{
	uint64_t room = kind == REGION_SERVED || kind == REGION_ROOT ? ACTIVITY_ENTRIES : ACTIVITY_ENTRIES - RESERVED;
	if (table->used >= room)
		return -1;
	uint32_t i = next_free;
	while (table->regions[i].kind != REGION_FREE)
		i = (i + 1) % ACTIVITY_ENTRIES;
	next_free = (i + 1) % ACTIVITY_ENTRIES;
	log_change(i);
	struct region *r = &table->regions[i];
	*r = (struct region){ .node = node, .since_ms = activity_since(), .stretch = stretch, .root = root };
	table->lives[i].last = UINT64_MAX; /* until its first request has left */
	table->lives[i].life++;
	table->draining[i] = 0;
	atomic_signal_fence(memory_order_seq_cst);
	r->kind = (uint8_t)kind;
	table->used++;
	table->marked++;
	enter_hash(i);
	return (int)i;
}

void activity_remove(uint32_t i)
{
	log_change(i);
	leave_hash(i);
	table->regions[i].kind = REGION_FREE;
	table->used--;
}

/* After another server: what it had entered is found again. */
void table_start(void)
{
	uint64_t used = 0;
	for (uint32_t i = 0; i < ACTIVITY_ENTRIES; i++) {
		if (table->regions[i].kind == REGION_FREE)
			continue;
		used++;
		enter_hash(i);
		if (table->lives[i].last == UINT64_MAX)
			table->lives[i].last = activity_bound();
	}
	table->used = used;
}
