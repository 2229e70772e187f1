/*
 * Room of latecomers: a call that found a file by its name and comes just behind that name's end, by an unlink or by a rename over it.
 * On a bare file system it would have held the file by then; here it comes with a node that would lead nowhere any more, and its kernel
 * asks for the name once more only: then the application hears ESTALE. So what loses its last name is held open for a moment, and is
 * found by its handle as long.
 */
#include "parking.h"
#include "server.h"
#include <pthread.h>

#define LATE_MAX 256
#define LATE_MS 1000

static struct { uint64_t node, until; const struct root *root; int fd; } kept[LATE_MAX];
static uint32_t next;
static _Atomic uint32_t count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void let_go(uint32_t i)
{
	if (kept[i].root == NULL)
		return;
	close(kept[i].fd);
	kept[i].root = NULL;
	count--;
}

void late_keep(const struct root *root, uint64_t node, int fd)
{
	pthread_mutex_lock(&lock);
	let_go(next);
	kept[next].node = node;
	kept[next].until = park_now() + LATE_MS;
	kept[next].root = root;
	kept[next].fd = fd;
	next = (next + 1) % LATE_MAX;
	count++;
	pthread_mutex_unlock(&lock);
}

bool late_is_kept(const struct root *root, uint64_t node)
{
	bool known = false;
	if (count == 0)
		return false;
	pthread_mutex_lock(&lock);
	for (uint32_t i = 0; i < LATE_MAX && !known; i++)
		known = kept[i].root == root && kept[i].node == node;
	pthread_mutex_unlock(&lock);
	return known;
}

void late_drop(const struct root *root)
{
	uint64_t now = park_now();
	if (count == 0)
		return;
	pthread_mutex_lock(&lock);
	for (uint32_t i = 0; i < LATE_MAX; i++)
		if (kept[i].root == root || kept[i].until < now)
			let_go(i);
	pthread_mutex_unlock(&lock);
}
