/*
 * Room of the tripwire's ear: notices that something changed a protected file system past the mount. One mark on the whole
 * file system hears every way to it, whatever is mounted or linked later; an ignore mark on the private view keeps out what
 * the server itself writes, and ignore marks on files that nobody protects keep out the rest of the machine. The marks' queue
 * lives in the holder too, so the next server hears what came while there was none.
 */
#include "tripwire.h"
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <time.h>

static int group = -1;
static struct tripwire_memory *memory;
static int memory_fd = -1;
static bool listening;
static fsid_t systems[MAX_ROOTS];
static bool watched[MAX_ROOTS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

uint64_t tripwire_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

struct tripwire_memory *tripwire_memory(void)
{
	return memory;
}

static int mark(unsigned flags, uint64_t mask, int directory, const char *path)
{
	return (int)syscall(SYS_fanotify_mark, group, flags, mask, directory, path) == 0 ? 0 : -errno;
}

/* An O_PATH descriptor cannot be marked itself; its link in /proc can. */
static int mark_object(unsigned flags, uint64_t mask, int object)
{
	char link[16];
	snprintf(link, sizeof(link), "%d", object);
	return mark(flags, mask, proc_fd, link);
}

void tripwire_ignore(int object, uint64_t mask)
{
	(void)mark_object(FAN_MARK_ADD | FAN_MARK_IGNORE | FAN_MARK_IGNORED_SURV_MODIFY | FAN_MARK_EVICTABLE, mask, object);
}

void tripwire_heed(int object)
{
	(void)mark_object(FAN_MARK_REMOVE | FAN_MARK_IGNORE, WATCHED_DATA | WATCHED_NAMES, object);
}

static int enter(int fd)
{
	struct stat st;
	if (fstat(fd, &st) != 0 || st.st_size != sizeof(*memory))
		return -EINVAL; /* of another version */
	void *at = mmap(NULL, sizeof(*memory), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	memory = at;
	memory_fd = fd;
	memory->magic = TRIPWIRE_MAGIC;
	return 0;
}

void tripwire_adopt(const int *fds)
{
	group = fds[0];
	if (enter(fds[1]) != 0)
		group = -1;
}

static int make(void)
{
	unsigned flags = FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK | FAN_UNLIMITED_QUEUE | FAN_UNLIMITED_MARKS |
			 FAN_REPORT_FID | FAN_REPORT_DIR_FID | FAN_REPORT_NAME | FAN_REPORT_TARGET_FID;
	group = (int)syscall(SYS_fanotify_init, flags, O_RDONLY | O_CLOEXEC | O_LARGEFILE);
	if (group < 0)
		return -errno;
	int fd = memfd_create("fsi-tripwire", MFD_CLOEXEC);
	int error = fd < 0 || ftruncate(fd, sizeof(*memory)) != 0 ? -errno : enter(fd);
	if (error == 0)
		return 0;
	close(group);
	group = -1;
	return error;
}

/* The holder keeps it for the next server, and answers those who ask whether there is one. */
void tripwire_send(int socket)
{
	struct message m = { MSG_TRIPWIRE, 0, 0 };
	const int fds[2] = { group, memory_fd };
	if (group >= 0)
		(void)link_send(socket, &m, fds, 2);
}

static void off(int error)
{
	struct message m = { MSG_TRIPWIRE, (uint32_t)-error, 0 };
	(void)link_send(holder_fd, &m, NULL, 0);
}

void tripwire_enter(void)
{
	pthread_mutex_lock(&lock);
}

void tripwire_leave(void)
{
	pthread_mutex_unlock(&lock);
}

int tripwire_open(void)
{
	int error;
	if (group >= 0)
		return group;
	error = make();
	if (error != 0)
		return off(error), -1;
	tripwire_send(holder_fd);
	return group;
}

void tripwire_lost_some(void)
{
	for (int i = 0; i < MAX_ROOTS; i++)
		if (watched[i] && roots[i].active && roots[i].state->recording)
			ring_gap(&roots[i]);
}

/* Before anything is done for an application: what a server does that nobody knew of looks like another's doing to the next one. */
void tripwire_before_work(void)
{
	pthread_mutex_lock(&lock);
	if (tripwire_open() >= 0)
		queue_mine();
	pthread_mutex_unlock(&lock);
}

static void tripwire_listen(void)
{
	pthread_t thread;
	if (group < 0 || listening)
		return;
	listening = pthread_create(&thread, NULL, queue_listen, NULL) == 0;
	if (listening)
		(void)pthread_detach(thread);
}

void tripwire_root_added(uint32_t index)
{
	struct statfs fs;
	struct root *root = &roots[index];
	if (tripwire_open() < 0 || fstatfs(root->tree, &fs) != 0)
		return;
	pthread_mutex_lock(&lock);
	/* What was nobody's until now may be this root's. */
	(void)mark(FAN_MARK_FLUSH, 0, root->tree, ".");
	int error = mark(FAN_MARK_ADD | FAN_MARK_MOUNT | FAN_MARK_IGNORE | FAN_MARK_IGNORED_SURV_MODIFY, WATCHED_DATA,
			 root->tree, ".");
	if (error == 0)
		error = mark(FAN_MARK_ADD | FAN_MARK_FILESYSTEM, WATCHED_DATA | WATCHED_NAMES, root->tree, ".");
	if (error == 0) {
		systems[index] = fs.f_fsid;
		watched[index] = true;
		tripwire_listen();
		judge_watch((int)index, fs.f_fsid);
	}
	pthread_mutex_unlock(&lock);
	if (error != 0)
		off(error);
}

void tripwire_root_removed(uint32_t index)
{
	pthread_mutex_lock(&lock);
	if (watched[index]) {
		watched[index] = false;
		judge_forget((int)index);
		if (!judge_watches(systems[index]))
			(void)mark(FAN_MARK_REMOVE | FAN_MARK_FILESYSTEM, WATCHED_DATA | WATCHED_NAMES, roots[index].tree, ".");
	}
	pthread_mutex_unlock(&lock);
}

void tripwire_expose(uint32_t index, uint64_t node)
{
	pthread_mutex_lock(&lock);
	if (memory != NULL && roots[index].active)
		(void)exposed_add(node, roots[index].state->id);
	/* It may have been taken for a stranger's. */
	if (group >= 0 && roots[index].active)
		(void)mark(FAN_MARK_FLUSH, 0, roots[index].tree, ".");
	pthread_mutex_unlock(&lock);
}
