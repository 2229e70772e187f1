/*
 * Room where regions are taken off the activity log. In: up to which operation of a root the target has received all. A region
 * goes when its newest operation is not beyond that, no request is at work in it, and the file system was synced after that was
 * said. Lazily: one that is in use would come again at once, and each coming costs a write. And where a root begins to count.
 */
#include "activity_table.h"

#define QUIET_SECONDS 30
/* A sync writes out all that the applications have dirtied: no more often than this, unless somebody waits for it or room is short. */
#define SYNC_GAP_SECONDS 15

static pthread_cond_t asked = PTHREAD_COND_INITIALIZER;
static struct { uint64_t sequence; uint32_t synced; bool waits, now; } wishes[MAX_ROOTS];

static bool may_go(uint32_t entry, uint16_t root, uint64_t sequence, bool now)
{
	const struct region *r = &table->regions[entry];
	const struct region_life *life = &table->lives[entry];
	if (r->kind <= REGION_SERVED || r->root != root || life->last > sequence)
		return false;
	if (r->kind == REGION_ROOT && !table->draining[entry])
		return false;
	return now || activity_clock() - life->touched >= QUIET_SECONDS;
}

/* What comes is marked one by one again; the region goes when all before that is settled. */
static void drain_root(uint16_t root)
{
	int whole = activity_find(REGION_ROOT, root, 0, 0);
	if (whole >= 0 && table->used < ACTIVITY_ENTRIES / 2)
		table->draining[whole] = 1;
}

static uint32_t candidates(uint16_t root, uint64_t sequence, bool now, bool remove)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < ACTIVITY_ENTRIES; i++) {
		if (!may_go(i, root, sequence, now) || (remove && activity_is_held(i)))
			continue;
		count++;
		if (remove)
			activity_remove(i);
	}
	return count;
}

/* Lets go of the lock for it. False: it failed, or the root is another by now. */
static bool sync_root(uint32_t index, uint16_t root)
{
	int directory = fcntl(roots[index].directory, F_DUPFD_CLOEXEC, 3);
	pthread_mutex_unlock(&activity_lock);
	bool synced = directory >= 0 && syncfs(directory) == 0;
	if (directory >= 0)
		close(directory);
	pthread_mutex_lock(&activity_lock);
	return synced && roots[index].active && roots[index].state->id == root && !table->broken;
}

/* With the lock. */
static void settle(uint32_t index, uint64_t sequence, bool now)
{
	uint16_t root = (uint16_t)roots[index].state->id;
	drain_root(root);
	now = now || table->used > ACTIVITY_ENTRIES / 4 * 3;
	if (!now && activity_clock() - wishes[index].synced < SYNC_GAP_SECONDS)
		return;
	if (candidates(root, sequence, now, false) == 0 || !sync_root(index, root))
		return;
	wishes[index].synced = activity_clock();
	table->cleared += candidates(root, sequence, now, true);
	log_wake();
}

/* With the lock. */
static void begin_to_count(uint32_t index)
{
	uint16_t root = (uint16_t)roots[index].state->id;
	int i = activity_find(REGION_SERVED, root, 0, 0);
	if (i < 0 || table->regions[i].stretch == 0)
		return;
	uint32_t life = table->lives[i].life;
	/* What has taken its place meanwhile counts from a later sync on. */
	if (!sync_root(index, root) || activity_find(REGION_SERVED, root, 0, 0) != i || table->lives[i].life != life)
		return;
	log_change((uint32_t)i);
	table->regions[i].stretch = 0;
	log_wake();
}

static void *settle_wishes(void *unused)
{
	(void)unused;
	pthread_mutex_lock(&activity_lock);
	for (;;) {
		bool any = false;
		for (uint32_t i = 0; i < MAX_ROOTS; i++) {
			if (!wishes[i].waits)
				continue;
			any = true;
			wishes[i].waits = false;
			if (roots[i].active && !table->broken)
				begin_to_count(i);
			if (roots[i].active && !table->broken)
				settle(i, wishes[i].sequence, wishes[i].now);
		}
		if (!any)
			pthread_cond_wait(&asked, &activity_lock);
	}
	return NULL;
}

void activity_settle(uint32_t index, uint64_t sequence, int now)
{
	pthread_mutex_lock(&activity_lock);
	wishes[index].sequence = sequence;
	wishes[index].now = now != 0;
	wishes[index].waits = true;
	pthread_cond_signal(&asked);
	pthread_mutex_unlock(&activity_lock);
}

void settle_start(void)
{
	pthread_t thread;
	if (pthread_create(&thread, NULL, settle_wishes, NULL) != 0)
		_exit(4);
	(void)pthread_detach(thread);
}
