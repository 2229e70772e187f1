/*
 * Room of the activity log's marks: before a change is executed its region is in the table and on the disk. Where it is already,
 * which is nearly always, that costs a look at a hash table.
 */
#include "activity_table.h"

#define BORN 16384u
#define HOMES 65536u

int activity_fd = -1;
/* Made while a region of names was active: what is written into it counts to that region. Losing one costs a region of its own. */
static struct { uint64_t node; uint32_t life; uint16_t entry, root; } born[BORN];
static struct { uint64_t node, directory; uint16_t root; } homes[HOMES];

static void hold(struct worker *w, uint32_t entry)
{
	uint16_t *held = table->held[w->index];
	for (int i = 0; i < ACTIVITY_HELD; i++) {
		if (held[i] == entry + 1)
			return;
		if (held[i] != 0)
			continue;
		held[i] = (uint16_t)(entry + 1);
		return;
	}
	log_break(E2BIG); /* no request needs so many */
}

static void leave_with(const uint16_t *held, uint64_t last)
{
	for (int i = 0; i < ACTIVITY_HELD && held[i] != 0; i++) {
		struct region_life *life = &table->lives[held[i] - 1];
		if (life->last == UINT64_MAX || life->last < last)
			life->last = last;
		life->touched = activity_clock();
	}
}

/* What was not recorded comes, if at all, with a number that is not given yet. */
void activity_leave(struct worker *w)
{
	uint16_t *held = table->held[w->index];
	if (held[0] == 0)
		return;
	pthread_mutex_lock(&activity_lock);
	leave_with(held, activity_bound() + (w->slot->end == 0));
	memset(held, 0, sizeof(table->held[0]));
	pthread_mutex_unlock(&activity_lock);
}

/* Too many regions: all beneath the root is one, and the others of it may go once that is on the disk. */
static void collapse(struct worker *w, uint16_t root)
{
	uint16_t wait[2] = { 0, 0 };
	int whole = activity_find(REGION_ROOT, root, 0, 0);
	bool fresh = whole < 0;
	if (fresh)
		whole = activity_insert(REGION_ROOT, root, 0, 0);
	if (whole < 0)
		return log_break(ENOSPC);
	table->draining[whole] = 0;
	hold(w, (uint32_t)whole);
	wait[0] = (uint16_t)(whole + 1);
	if (!fresh || !log_await(wait))
		return;
	for (uint32_t i = 0; i < ACTIVITY_ENTRIES; i++) {
		const struct region *r = &table->regions[i];
		if (r->kind > REGION_ROOT && r->root == root && !activity_is_held(i))
			activity_remove(i);
	}
	log_wake();
}

static void mark(struct worker *w, enum region_kind kind, uint64_t node, uint32_t stretch)
{
	uint16_t root = (uint16_t)w->root->state->id;
	int i = activity_find(kind, root, node, stretch);
	if (i < 0)
		i = activity_insert(kind, root, node, stretch);
	if (i < 0)
		return collapse(w, root);
	struct region *r = &table->regions[i];
	if (kind == REGION_TAIL && r->stretch > stretch) {
		log_change((uint32_t)i);
		r->stretch = stretch;
	}
	/* The clock was set back: what is made now must not look older than the region. */
	uint64_t now = kind == REGION_NAMES ? activity_since() : UINT64_MAX;
	if (now < r->since_ms) {
		log_change((uint32_t)i);
		r->since_ms = now;
	}
	hold(w, (uint32_t)i);
}

/* Nothing is recorded from now on: the log must not say that it knows of every change. */
static void unserve(uint16_t root)
{
	int i = activity_find(REGION_SERVED, root, 0, 0);
	if (i < 0)
		return;
	activity_remove((uint32_t)i);
	uint16_t wait[2] = { (uint16_t)(i + 1), 0 };
	(void)log_await(wait);
}

/*
 * From now on every change is marked. What was written before nobody has marked, and a mirror may have read it from memory: until it is
 * on the disk the log does not say that it knows. The agent asks for that once the mount is in its place.
 */
static void serve(const struct root *root)
{
	uint16_t id = (uint16_t)root->state->id;
	if (activity_find(REGION_SERVED, id, 0, 0) < 0)
		(void)activity_insert(REGION_SERVED, id, 0, SERVED_UNSYNCED);
}

/* With the lock, unless nothing is to be marked. */
static bool enter(struct worker *w)
{
	uint16_t root = (uint16_t)w->root->state->id;
	if (table->broken)
		return false;
	pthread_mutex_lock(&activity_lock);
	if (!w->root->state->recording) {
		unserve(root);
		pthread_mutex_unlock(&activity_lock);
		return false;
	}
	serve(w->root);
	return true;
}

static bool is_collapsed(struct worker *w)
{
	int i = activity_find(REGION_ROOT, (uint16_t)w->root->state->id, 0, 0);
	if (i < 0 || table->draining[i])
		return false;
	hold(w, (uint32_t)i);
	return true;
}

static int born_in(const struct worker *w, uint64_t node)
{
	uint32_t b = (uint32_t)activity_hash(node, 0) & (BORN - 1);
	if (born[b].node != node || born[b].root != w->root->state->id)
		return -1;
	const struct region *r = &table->regions[born[b].entry];
	bool same = r->kind == REGION_NAMES && table->lives[born[b].entry].life == born[b].life;
	return same ? born[b].entry : -1;
}

/* A region that stands for whatever is done to the node. */
static bool is_covered(struct worker *w, uint64_t node)
{
	if (is_collapsed(w))
		return true;
	int i = born_in(w, node);
	if (i >= 0)
		hold(w, (uint32_t)i);
	return i >= 0;
}

static void finish(struct worker *w)
{
	(void)log_await(table->held[w->index]);
	pthread_mutex_unlock(&activity_lock);
}

static void mark_stretches(struct worker *w, uint64_t node, uint32_t from, uint32_t to)
{
	int tail = activity_find(REGION_TAIL, (uint16_t)w->root->state->id, node, 0);
	if (tail >= 0 && table->regions[tail].stretch <= from)
		return hold(w, (uint32_t)tail);
	if (to - from > 3)
		return mark(w, REGION_TAIL, node, from);
	for (uint32_t stretch = from; stretch <= to; stretch++)
		mark(w, REGION_STRETCH, node, stretch);
}

static uint32_t stretch_of(uint64_t offset)
{
	uint64_t stretch = offset >> ACTIVITY_SHIFT;
	return stretch > UINT32_MAX - 4 ? UINT32_MAX - 4 : (uint32_t)stretch;
}

void activity_stretch(struct worker *w, uint64_t node, uint64_t offset, uint64_t length)
{
	if (!enter(w))
		return;
	uint64_t end = length == 0 || offset + length < offset ? offset : offset + length - 1;
	if (!is_covered(w, node))
		mark_stretches(w, node, stretch_of(offset), stretch_of(end));
	finish(w);
}

void activity_tail(struct worker *w, uint64_t node, uint64_t offset)
{
	if (!enter(w))
		return;
	if (!is_covered(w, node))
		mark(w, REGION_TAIL, node, stretch_of(offset));
	finish(w);
}

/* The listing of the node's directory tells its metadata, too: one region for a `chown -R` of a thousand files in it. */
void activity_metadata(struct worker *w, uint64_t node)
{
	if (!enter(w))
		return;
	uint32_t h = (uint32_t)activity_hash(node, 0) & (HOMES - 1);
	bool at_home = homes[h].node == node && homes[h].root == w->root->state->id && homes[h].directory != 0;
	if (!is_covered(w, node)) {
		if (at_home)
			mark(w, REGION_NAMES, homes[h].directory, 0);
		else
			mark(w, REGION_NODE, node, 0);
	}
	finish(w);
}

void activity_names(struct worker *w, uint64_t directory)
{
	if (!enter(w))
		return;
	if (!is_covered(w, directory))
		mark(w, REGION_NAMES, directory, 0);
	finish(w);
}

void activity_home(const struct worker *w, uint64_t node, uint64_t directory)
{
	uint32_t h = (uint32_t)activity_hash(node, 0) & (HOMES - 1);
	if (table->broken || !w->root->state->recording)
		return;
	pthread_mutex_lock(&activity_lock);
	if (directory != 0 || (homes[h].node == node && homes[h].root == w->root->state->id)) {
		homes[h].node = node;
		homes[h].root = (uint16_t)w->root->state->id;
		homes[h].directory = directory;
	}
	pthread_mutex_unlock(&activity_lock);
}

void activity_born(struct worker *w, uint64_t node, uint64_t directory)
{
	if (table->broken || table->held[w->index][0] == 0)
		return;
	pthread_mutex_lock(&activity_lock);
	int i = born_in(w, directory);
	if (i < 0)
		i = activity_find(REGION_NAMES, (uint16_t)w->root->state->id, directory, 0);
	uint32_t b = (uint32_t)activity_hash(node, 0) & (BORN - 1);
	if (i >= 0) {
		born[b].node = node;
		born[b].root = (uint16_t)w->root->state->id;
		born[b].entry = (uint16_t)i;
		born[b].life = table->lives[i].life;
	}
	pthread_mutex_unlock(&activity_lock);
	activity_home(w, node, directory);
}

/*
 * It has another place, and the region of its birth would not lead there once the one of this move is cleared: from now on it
 * counts by itself. Of a directory so does all that was made beneath it, which only the region as a whole can tell.
 */
void activity_moved(struct worker *w, uint64_t node, uint64_t directory, int is_directory)
{
	if (table->broken)
		return;
	pthread_mutex_lock(&activity_lock);
	int i = born_in(w, node);
	if (i >= 0) {
		born[(uint32_t)activity_hash(node, 0) & (BORN - 1)].node = 0;
		if (is_directory)
			table->lives[i].life++;
	}
	pthread_mutex_unlock(&activity_lock);
	activity_home(w, node, directory);
}

void activity_root_added(const struct root *root)
{
	pthread_mutex_lock(&activity_lock);
	if (!table->broken && root->state->recording)
		serve(root);
	pthread_mutex_unlock(&activity_lock);
}

void activity_root_removed(const struct root *root)
{
	long index = root - roots;
	pthread_mutex_lock(&activity_lock);
	for (uint32_t i = 0; i < ACTIVITY_ENTRIES; i++)
		if (table->regions[i].kind != REGION_FREE && table->regions[i].root == root->state->id)
			activity_remove(i);
	memset(table->held[index * ROOT_WORKERS], 0, ROOT_WORKERS * sizeof(table->held[0]));
	log_wake();
	pthread_mutex_unlock(&activity_lock);
}

/* What the server before had in hand is held until its request has been answered; how far that was recorded its slot knows. */
void activity_start(void)
{
	for (int w = 0; w < ACTIVITY_WORKERS; w++)
		leave_with(table->held[w], activity_bound());
	table_start();
	/* Said by each server: nobody may have listened when it broke. */
	int broken = (int)table->broken;
	table->broken = 0;
	if (broken != 0 || activity_fd < 0)
		log_break(broken != 0 ? broken : ENOENT);
	log_start();
	settle_start();
}
