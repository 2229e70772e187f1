/*
 * Room of the activity log's file. Each block of the table has two places in it and is written to the one that is not the
 * newest: a write that the power cut tears leaves the block as it was before. Requests that wait share a write.
 * An error, or a disk that does not answer, breaks the log and never a request: it says so, and after a power cut all is compared.
 */
#include "activity_table.h"
#include <stdio.h>
#include <sys/uio.h>

/* A disk that takes longer than that for 4 KiB keeps no application waiting. */
#define PATIENCE_SECONDS 10

static pthread_cond_t work = PTHREAD_COND_INITIALIZER, written;
static _Alignas(4096) struct activity_block batch[ACTIVITY_BLOCKS];

static uint64_t sum_of(const void *bytes, size_t length)
{
	uint64_t sum = 0xcbf29ce484222325ull, word;
	for (size_t at = 0; at + 8 <= length; at += 8) {
		memcpy(&word, (const char *)bytes + at, 8);
		sum = (sum ^ word) * 0x100000001b3ull;
		sum ^= sum >> 29;
	}
	return sum;
}

static uint64_t wall_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool write_at(const void *bytes, off_t at)
{
	ssize_t n = pwrite(activity_fd, bytes, ACTIVITY_BLOCK, at);
	if (n >= 0 && n != ACTIVITY_BLOCK)
		errno = ENOSPC;
	return n == ACTIVITY_BLOCK;
}

static off_t place_of(uint32_t block, uint32_t copy)
{
	return ACTIVITY_BLOCK * (1 + 2 * (off_t)block + copy);
}

static bool write_head(uint64_t generation, uint32_t broken)
{
	static _Alignas(4096) struct activity_head head;
	memset(&head, 0, sizeof(head));
	head.magic = ACTIVITY_MAGIC;
	head.version = ACTIVITY_VERSION;
	head.blocks = ACTIVITY_BLOCKS;
	head.generation = generation;
	head.broken = broken;
	head.shift = ACTIVITY_SHIFT;
	int boot = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = boot < 0 ? -1 : read(boot, head.boot, sizeof(head.boot) - 1);
	if (boot >= 0)
		close(boot);
	if (n >= 36)
		head.boot[36] = 0;
	head.sum = sum_of(&head.version, sizeof(head) - 16);
	return n >= 36 && write_at(&head, 0);
}

static void fill(struct activity_block *block, uint32_t index, uint64_t generation)
{
	memset(block, 0, sizeof(*block));
	block->magic = ACTIVITY_MAGIC;
	block->version = table->changed[index];
	block->written_ms = wall_ms();
	block->generation = generation;
	block->index = index;
	for (uint32_t i = 0; i < ACTIVITY_A_BLOCK; i++)
		block->regions[i] = table->regions[index * ACTIVITY_A_BLOCK + i];
	block->sum = sum_of(&block->version, sizeof(*block) - 16);
}

/* The holder makes a new file for each ring: what an earlier one said the driver has read, and laid aside. */
void activity_make(const char *directory, uint64_t generation)
{
	static _Alignas(4096) struct activity_block empty;
	int dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	table->generation = generation;
	(void)unlinkat(dir, "activity", 0);
	activity_fd = openat(dir, "activity", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool done = activity_fd >= 0;
	for (uint32_t i = 0; done && i < ACTIVITY_BLOCKS; i++) {
		fill(&empty, i, generation);
		done = write_at(&empty, place_of(i, 0)) && write_at(&empty, place_of(i, 1));
	}
	/* The head is last: without it the file is none. */
	done = done && fdatasync(activity_fd) == 0 && write_head(generation, 0) && fsync(activity_fd) == 0 && fsync(dir) == 0;
	if (!done) {
		table->broken = (uint32_t)errno;
		if (activity_fd >= 0)
			close(activity_fd);
		activity_fd = -1;
		(void)unlinkat(dir, "activity", 0);
	}
	if (dir >= 0)
		close(dir);
}

void log_change(uint32_t entry)
{
	uint32_t block = entry / ACTIVITY_A_BLOCK;
	table->changed[block]++;
	table->lives[entry].version = table->changed[block];
	atomic_signal_fence(memory_order_seq_cst);
}

void log_wake(void)
{
	pthread_cond_signal(&work);
}

static void say_broken(int error)
{
	char line[64];
	int ends[2], length = snprintf(line, sizeof(line), "activity broken %d", error);
	struct message m = { MSG_SAY, 0, 0 };
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
		return;
	ssize_t n = write(ends[1], line, (size_t)length);
	close(ends[1]);
	if (n == length)
		(void)link_send(holder_fd, &m, &ends[0], 1);
	close(ends[0]);
}

void log_break(int error)
{
	if (table->broken)
		return;
	table->broken = (uint32_t)(error == 0 ? EIO : error);
	say_broken((int)table->broken);
	pthread_cond_broadcast(&written);
	pthread_cond_signal(&work);
}

static bool is_written(const uint16_t *entries)
{
	for (int i = 0; i < ACTIVITY_HELD && entries[i] != 0; i++) {
		uint32_t entry = (uint32_t)entries[i] - 1;
		if (table->lives[entry].version > table->written[entry / ACTIVITY_A_BLOCK])
			return false;
	}
	return true;
}

bool log_await(const uint16_t *entries)
{
	struct timespec until;
	if (is_written(entries))
		return !table->broken;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += PATIENCE_SECONDS;
	pthread_cond_signal(&work);
	while (!table->broken && !is_written(entries))
		if (pthread_cond_timedwait(&written, &activity_lock, &until) == ETIMEDOUT)
			log_break(ETIMEDOUT);
	return !table->broken;
}

/* As durably as it can be said: a head that says so, or none. */
static void give_up(void)
{
	if (activity_fd >= 0 && (!write_head(table->generation, 1) || fdatasync(activity_fd) != 0))
		(void)(ftruncate(activity_fd, 0) == 0 && fsync(activity_fd) == 0);
}

static uint32_t collect(void)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < ACTIVITY_BLOCKS; i++)
		if (table->changed[i] != table->written[i])
			fill(&batch[count++], i, table->generation);
	return count;
}

static bool write_batch(uint32_t count)
{
	if (count == 1) {
		struct iovec part = { &batch[0], ACTIVITY_BLOCK };
		off_t at = place_of(batch[0].index, !table->copy[batch[0].index]);
		ssize_t n = pwritev2(activity_fd, &part, 1, at, RWF_DSYNC);
		if (n >= 0 && n != ACTIVITY_BLOCK)
			errno = ENOSPC;
		return n == ACTIVITY_BLOCK;
	}
	for (uint32_t i = 0; i < count; i++)
		if (!write_at(&batch[i], place_of(batch[i].index, !table->copy[batch[i].index])))
			return false;
	return fdatasync(activity_fd) == 0;
}

static void *write_changes(void *unused)
{
	(void)unused;
	pthread_mutex_lock(&activity_lock);
	while (!table->broken) {
		uint32_t count = collect();
		if (count == 0) {
			pthread_cond_wait(&work, &activity_lock);
			continue;
		}
		pthread_mutex_unlock(&activity_lock);
		CRASH_POINT();
		int error = write_batch(count) ? 0 : errno;
		CRASH_POINT();
		pthread_mutex_lock(&activity_lock);
		if (error != 0)
			log_break(error);
		for (uint32_t i = 0; error == 0 && i < count; i++) {
			table->copy[batch[i].index] = !table->copy[batch[i].index];
			atomic_signal_fence(memory_order_seq_cst);
			table->written[batch[i].index] = batch[i].version;
		}
		table->writes += count;
		pthread_cond_broadcast(&written);
	}
	pthread_mutex_unlock(&activity_lock);
	give_up();
	return NULL;
}

void log_start(void)
{
	pthread_t thread;
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&written, &monotonic);
	if (pthread_create(&thread, NULL, write_changes, NULL) != 0)
		_exit(4);
	(void)pthread_detach(thread);
}
