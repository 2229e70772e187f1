/*
 * Room of the tripwire's consequences: a protected file was touched past the mount. The mount forgets what it has cached of
 * it, the node is noted as dirty, and the holder tells the agent who it was.
 */
#include "tripwire.h"
#include "notices.h"
#include <stdio.h>
#include <stdlib.h>

#define QUIET_MS 1000       /* a file that is written on and on is noted once in so long */
#define SENTENCES 20        /* said in one window at most, the others are counted */
#define SENTENCE_MS 10000

static struct { uint64_t node; pid_t pid; } said[SENTENCES];
static unsigned said_count, unsaid;
static uint64_t said_since;

void hit_forget(int index)
{
	struct tripwire_memory *m = tripwire_memory();
	for (int i = 0; i < RECENT; i++)
		if (m->recent[i].root == index)
			m->recent[i].node = 0;
}

bool trip_known(const struct wide_handle *wide)
{
	return wide->handle.handle_bytes != 0;
}

int trip_open(int root, const struct wide_handle *wide, int flags)
{
	struct wide_handle copy = *wide;
	return trip_known(wide) ? open_handle(roots[root].directory, &copy.handle, flags) : -1;
}

/* Its number, whether or not the index of its root has it. */
uint64_t trip_number(const struct wide_handle *wide)
{
	uint64_t node = 0;
	if (wide->handle.handle_type == 1 && wide->handle.handle_bytes == 8)
		memcpy(&node, wide->bytes, 8);
	else if (trip_known(wide))
		node = nodes_hash(wide);
	return node;
}

/* 0: it cannot be told. */
static uint64_t number_in(int root, const struct wide_handle *wide)
{
	uint64_t node = 0;
	if (!roots[root].indexed)
		return trip_number(wide);
	return trip_known(wide) && nodes_add(&roots[root], wide, &node) == 0 ? node : 0;
}

/* The mount's number for it is 1 for the root itself. */
static uint64_t number_of(int root, uint64_t node)
{
	return node == roots[root].node ? NODE_ROOT : node;
}

bool hit_forget_pages(int root, uint64_t node)
{
	return notice_pages(root, number_of(root, node));
}

static void note(int root, uint64_t node)
{
	if (roots[root].active && roots[root].state->recording)
		ring_note(&roots[root], node, NOTE_PAST_THE_MOUNT);
}

/* At once, and then no more than once in a while; the last one is never left out. */
static void note_calmly(int root, uint64_t node)
{
	struct tripwire_memory *m = tripwire_memory();
	uint64_t now = tripwire_now();
	int oldest = -1;
	for (int i = 0; i < RECENT; i++) {
		if (m->recent[i].node == node && m->recent[i].root == root) {
			m->recent[i].pending = true;
			return;
		}
		if (!m->recent[i].pending && (oldest < 0 || m->recent[i].noted < m->recent[oldest].noted))
			oldest = i;
	}
	note(root, node);
	if (oldest < 0)
		return;
	m->recent[oldest].node = node;
	m->recent[oldest].root = root;
	m->recent[oldest].noted = now;
}

void judge_due(void)
{
	struct tripwire_memory *m = tripwire_memory();
	uint64_t now = tripwire_now();
	for (int i = 0; i < RECENT; i++) {
		if (m->recent[i].node == 0 || now < m->recent[i].noted + QUIET_MS)
			continue;
		if (m->recent[i].pending)
			note(m->recent[i].root, m->recent[i].node);
		else
			m->recent[i].node = 0;
		m->recent[i].pending = false;
		m->recent[i].noted = now;
	}
}

bool judge_pending(void)
{
	struct tripwire_memory *m = tripwire_memory();
	for (int i = 0; i < RECENT; i++)
		if (m->recent[i].node != 0)
			return true;
	return false;
}

static void hex(char *at, const char *text)
{
	*at = 0;
	for (; *text != 0; text++)
		at += sprintf(at, "%02x", (unsigned char)*text);
}

static bool may_say(uint64_t node, pid_t pid)
{
	uint64_t now = tripwire_now();
	if (now > said_since + SENTENCE_MS) {
		said_count = 0;
		said_since = now;
	}
	for (unsigned i = 0; i < said_count; i++)
		if (said[i].node == node && said[i].pid == pid)
			return false;
	if (said_count == SENTENCES)
		return unsaid++, false;
	said[said_count].node = node;
	said[said_count++].pid = pid;
	return true;
}

static void command_of(pid_t pid, char *out, size_t room)
{
	char path[32];
	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, out, room - 1);
	if (fd >= 0)
		close(fd);
	out[n > 0 ? n : 0] = 0;
	char *newline = strchr(out, '\n');
	if (newline != NULL)
		*newline = 0;
}

const struct wide_handle *trip_object(const struct trip *trip)
{
	return trip_known(&trip->child) ? &trip->child : &trip->directory;
}

/* A line to the agent by way of the holder; its length is no message's, so it goes through a pipe. */
static void say(int root, const struct trip *trip, const char *path, bool outside)
{
	static char line[4096], path_hex[2 * 1024 + 1];
	char command[64], command_hex[129], shortened[1025];
	struct message m = { MSG_SAY, (uint32_t)root, 0 };
	int ends[2];
	command_of(trip->pid, command, sizeof(command));
	hex(command_hex, command);
	snprintf(shortened, sizeof(shortened), "%.1024s", path);
	hex(path_hex, shortened);
	int length = snprintf(line, sizeof(line), "bypass %u %d %llx %c %llx %u -%s -%s", roots[root].state->id, (int)trip->pid,
			      (unsigned long long)trip->mask, outside ? 'o' : 'i',
			      (unsigned long long)number_in(root, trip_object(trip)), unsaid, command_hex, path_hex);
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
		return;
	if (write(ends[1], line, (size_t)length) == length && link_send(holder_fd, &m, &ends[0], 1) == 0)
		unsaid = 0;
	close(ends[0]);
	close(ends[1]);
}

bool trip_about_names(const struct trip *trip)
{
	return (trip->mask & (FAN_CREATE | FAN_DELETE | FAN_MOVED_FROM | FAN_MOVED_TO)) != 0 && trip->name[0] != 0;
}

static void hit_name(int root, const struct trip *trip)
{
	uint64_t directory = number_in(root, &trip->directory);
	if (directory == 0)
		return;
	notice_name(root, number_of(root, directory), trip->name);
	(void)hit_forget_pages(root, directory);
	note_calmly(root, directory);
	/* What was outside till now may have been ignored. */
	int fd = (trip->mask & (FAN_CREATE | FAN_MOVED_TO)) ? trip_open(root, trip_object(trip), O_PATH) : -1;
	if (fd < 0)
		return;
	tripwire_heed(fd);
	close(fd);
}

void hit(int root, const struct trip *trip, const char *path, bool outside)
{
	const uint64_t gone = FAN_DELETE | FAN_MOVED_FROM | FAN_ONDIR;
	uint64_t node = number_in(root, trip_object(trip));
	if (trip_about_names(trip) && !outside)
		hit_name(root, trip);
	if (node != 0 && (trip->mask & ~gone) != 0) {
		(void)hit_forget_pages(root, node);
		note_calmly(root, node);
	}
	if (may_say(trip_number(trip_object(trip)), trip->pid))
		say(root, trip, path, outside);
}
