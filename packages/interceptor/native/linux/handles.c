/*
 * Room of file handles. A handle is epoch (16 bits), open flags (16), descriptor (32). One of an older epoch belongs to a
 * server that died: it is opened again by node at first use and remembered until its release.
 */
#include "server.h"
#include <pthread.h>

#define OLD_MAX (1 << 19) /* a power of two; pages of it are touched only after a death */

static struct { uint64_t fh; int fd; } old[OLD_MAX];
static uint32_t old_count;
static pthread_mutex_t old_lock = PTHREAD_MUTEX_INITIALIZER;

static const struct { int flag; uint32_t bit; } kept[] = {
	{ O_DIRECT, 4 }, { O_SYNC & ~O_DSYNC, 8 }, { O_DSYNC, 16 }, { O_NOATIME, 32 },
};

/* O_APPEND is left out: the kernel sends the final offset, and pwrite on such a descriptor would ignore it. */
int handle_flags(uint32_t flags)
{
	int result = (int)(flags & O_ACCMODE);
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if ((int)flags & kept[i].flag)
			result |= kept[i].flag;
	return result;
}

uint64_t handle_make(int fd, uint32_t flags)
{
	uint64_t bits = flags & O_ACCMODE;
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if ((int)flags & kept[i].flag)
			bits |= kept[i].bit;
	return (uint64_t)(uint16_t)state->epoch << 48 | bits << 32 | (uint32_t)fd;
}

static int flags_of(uint64_t fh)
{
	uint32_t bits = (uint32_t)(fh >> 32) & 0xffff;
	int flags = (int)(bits & O_ACCMODE);
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (bits & kept[i].bit)
			flags |= kept[i].flag;
	return flags;
}

static uint32_t slot_of(uint64_t key)
{
	return (uint32_t)((key * 0x9e3779b97f4a7c15ull) >> 40) & (OLD_MAX - 1);
}

static uint32_t find(uint64_t fh)
{
	uint32_t i = slot_of(fh);
	while (old[i].fh != 0 && old[i].fh != fh)
		i = (i + 1) & (OLD_MAX - 1);
	return i;
}

static void erase(uint32_t hole)
{
	uint32_t i = hole;
	for (;;) {
		i = (i + 1) & (OLD_MAX - 1);
		if (old[i].fh == 0)
			break;
		uint32_t home = slot_of(old[i].fh);
		if (((i - home) & (OLD_MAX - 1)) >= ((i - hole) & (OLD_MAX - 1))) {
			old[hole] = old[i];
			hole = i;
		}
	}
	old[hole].fh = 0;
	old_count--;
}

int handle_fd(struct worker *w, uint64_t fh, uint64_t node)
{
	if ((uint16_t)(fh >> 48) == (uint16_t)state->epoch)
		return (int)(uint32_t)fh;
	pthread_mutex_lock(&old_lock);
	uint32_t i = find(fh);
	int fd;
	if (old[i].fh == fh)
		fd = old[i].fd;
	else if (old_count >= OLD_MAX / 2)
		fd = -ENFILE;
	else {
		fd = node_open(w, node, flags_of(fh));
		if (fd >= 0) {
			old[i].fh = fh;
			old[i].fd = fd;
			old_count++;
		}
	}
	pthread_mutex_unlock(&old_lock);
	return fd;
}

void handle_release(uint64_t fh)
{
	if ((uint16_t)(fh >> 48) == (uint16_t)state->epoch) {
		close((int)(uint32_t)fh);
		return;
	}
	pthread_mutex_lock(&old_lock);
	uint32_t i = find(fh);
	if (old[i].fh == fh) {
		close(old[i].fd);
		erase(i);
	}
	pthread_mutex_unlock(&old_lock);
}

static _Atomic uint16_t *bucket(uint64_t node)
{
	return &state->opens[(node * 0x9e3779b97f4a7c15ull) >> 48];
}

/* The slot remembers that this request was counted, so a repeated one is not counted twice. A full bucket stays full. */
void opens_add(struct worker *w, uint64_t node)
{
	if (w->slot->flags & SLOT_COUNTED)
		return;
	w->slot->flags |= SLOT_COUNTED;
	_Atomic uint16_t *b = bucket(node);
	uint16_t now = *b;
	while (now != UINT16_MAX && !atomic_compare_exchange_weak(b, &now, (uint16_t)(now + 1)))
		;
}

void opens_remove(struct worker *w, uint64_t node)
{
	if (w->slot->flags & SLOT_COUNTED)
		return;
	w->slot->flags |= SLOT_COUNTED;
	_Atomic uint16_t *b = bucket(node);
	uint16_t now = *b;
	while (now != UINT16_MAX && now != 0 && !atomic_compare_exchange_weak(b, &now, (uint16_t)(now - 1)))
		;
}

bool opens_maybe(uint64_t node)
{
	return *bucket(node) != 0;
}
