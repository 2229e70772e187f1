/*
 * Room of notices: what the kernel has cached is told to be out of date. The mount caches for ever what it was once told, and
 * drops it by itself only after calls that succeed; of what changed otherwise it hears here.
 */
#include "server.h"
#include "notices.h"
#include <pthread.h>
#include <stdlib.h>
#include <sys/uio.h>

#define STACK (64 * 1024)

static bool notify(int device, int code, const void *body, size_t length, const char *name, size_t name_length)
{
	struct fuse_out_header header = { .error = code };
	struct iovec parts[3] = { { &header, sizeof(header) }, { (void *)body, length }, { (void *)name, name_length } };
	header.len = (uint32_t)(sizeof(header) + length + name_length);
	return writev(device, parts, name_length > 0 ? 3 : 2) == (ssize_t)header.len;
}

/* From the start of the file; a negative start means its attributes alone. */
static bool forget(int device, uint64_t number, int64_t from)
{
	const struct fuse_notify_inval_inode_out body = { number, from, 0 };
	return notify(device, FUSE_NOTIFY_INVAL_INODE, &body, sizeof(body), NULL, 0);
}

bool notice_attributes(int root, uint64_t number)
{
	return forget(roots[root].device, number, -1);
}

bool notice_pages(int root, uint64_t number)
{
	return forget(roots[root].device, number, 0);
}

struct later {
	uint64_t number;
	int device; /* its own: the root may be released meanwhile */
};

static void *forget_later(void *order)
{
	struct later *later = order;
	(void)forget(later->device, later->number, 0);
	close(later->device);
	free(later);
	return NULL;
}

void notice_pages_soon(int root, uint64_t number)
{
	pthread_attr_t attributes;
	pthread_t thread;
	struct later *later = malloc(sizeof(*later));
	if (later == NULL || pthread_attr_init(&attributes) != 0) {
		free(later);
		return;
	}
	*later = (struct later){ number, fcntl(roots[root].device, F_DUPFD_CLOEXEC, 0) };
	(void)pthread_attr_setstacksize(&attributes, STACK);
	(void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	if (later->device < 0 || pthread_create(&thread, &attributes, forget_later, later) != 0) {
		if (later->device >= 0)
			close(later->device);
		free(later);
	}
	(void)pthread_attr_destroy(&attributes);
}

void notice_name(int root, uint64_t directory, const char *name)
{
	const struct fuse_notify_inval_entry_out body = { directory, (uint32_t)strlen(name), 0 };
	(void)notify(roots[root].device, FUSE_NOTIFY_INVAL_ENTRY, &body, sizeof(body), name, strlen(name) + 1);
}
