/*
 * Room of the nameless: a file that is open while its last name goes lives only as long as a descriptor of it does. Server
 * and holder both keep one, so either may die.
 */
#include "server.h"
#include <pthread.h>

#define ESCROW_MAX 65536 /* a power of two */

static struct { uint64_t node; uint32_t root; int fd; } kept[ESCROW_MAX];
static uint32_t kept_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static uint32_t home_of(uint32_t root, uint64_t node)
{
	return (uint32_t)(((node + root) * 0x9e3779b97f4a7c15ull) >> 40) & (ESCROW_MAX - 1);
}

static uint32_t find(uint32_t root, uint64_t node)
{
	uint32_t i = home_of(root, node);
	while (kept[i].node != 0 && (kept[i].node != node || kept[i].root != root))
		i = (i + 1) & (ESCROW_MAX - 1);
	return i;
}

static void erase(uint32_t hole)
{
	uint32_t i = hole;
	close(kept[hole].fd);
	for (;;) {
		i = (i + 1) & (ESCROW_MAX - 1);
		if (kept[i].node == 0)
			break;
		uint32_t home = home_of(kept[i].root, kept[i].node);
		if (((i - home) & (ESCROW_MAX - 1)) >= ((i - hole) & (ESCROW_MAX - 1))) {
			kept[hole] = kept[i];
			hole = i;
		}
	}
	kept[hole].node = 0;
	kept_count--;
}

static void put(uint32_t root, uint64_t node, int fd)
{
	pthread_mutex_lock(&lock);
	uint32_t i = find(root, node);
	if (kept[i].node == 0 && kept_count < ESCROW_MAX / 2) {
		kept[i].node = node;
		kept[i].root = root;
		kept[i].fd = fd;
		kept_count++;
	} else
		close(fd);
	pthread_mutex_unlock(&lock);
}

void escrow_adopt(uint32_t root, uint64_t node, int fd)
{
	put(root, node, fd);
}

void escrow_keep(struct worker *w, uint64_t node, int path_fd)
{
	uint32_t root = (uint32_t)(w->root - roots);
	int own = fcntl(path_fd, F_DUPFD_CLOEXEC, 0);
	if (own < 0)
		return;
	put(root, node, own);
	struct message m = { MSG_ESCROW, root, node };
	(void)link_send(holder_fd, &m, &path_fd, 1);
}

bool escrow_nameless(struct worker *w, uint64_t node)
{
	struct stat st;
	if (kept_count == 0)
		return false;
	pthread_mutex_lock(&lock);
	uint32_t i = find((uint32_t)(w->root - roots), node);
	bool nameless = kept[i].node != 0 && stat_fd(kept[i].fd, &st) == 0 && st.st_nlink == 0;
	pthread_mutex_unlock(&lock);
	return nameless;
}

void escrow_drop(struct worker *w, uint64_t node)
{
	uint32_t root = (uint32_t)(w->root - roots);
	if (kept_count == 0)
		return;
	pthread_mutex_lock(&lock);
	uint32_t i = find(root, node);
	bool found = kept[i].node != 0;
	if (found)
		erase(i);
	pthread_mutex_unlock(&lock);
	struct message m = { MSG_UNESCROW, root, node };
	if (found)
		(void)link_send(holder_fd, &m, NULL, 0);
}

void escrow_drop_root(uint32_t root)
{
	pthread_mutex_lock(&lock);
	for (uint32_t i = 0; i < ESCROW_MAX; i++)
		while (kept[i].node != 0 && kept[i].root == root)
			erase(i);
	pthread_mutex_unlock(&lock);
}

void escrow_send_all(int socket)
{
	pthread_mutex_lock(&lock);
	for (uint32_t i = 0; i < ESCROW_MAX; i++) {
		struct message m = { MSG_ESCROW, kept[i].root, kept[i].node };
		if (kept[i].node != 0)
			(void)link_send(socket, &m, &kept[i].fd, 1);
	}
	pthread_mutex_unlock(&lock);
}
