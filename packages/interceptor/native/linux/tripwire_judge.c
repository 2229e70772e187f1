/*
 * Room of the tripwire's verdict: an event in, and out whether it touched a protected file. Where it did not, the file is
 * ignored from then on.
 */
#include "tripwire.h"
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/syscall.h>

#define DEEPEST 256

static struct { bool used; fsid_t fs; } places[MAX_ROOTS];

static bool same_system(fsid_t a, fsid_t b)
{
	return memcmp(&a, &b, sizeof(a)) == 0;
}

void judge_watch(int index, fsid_t fs)
{
	places[index].used = true;
	places[index].fs = fs;
}

void judge_forget(int index)
{
	places[index].used = false;
	hit_forget(index);
	struct tripwire_memory *m = tripwire_memory();
	for (int i = 0; m->exposed_count > 0 && i < EXPOSED_ROOM; i++)
		if (m->exposed[i].used && m->exposed[i].root_id == roots[index].state->id) {
			/* A place that was taken stays passable for the search, as node 0. */
			m->exposed[i].node = 0;
			m->exposed[i].root_id = 0;
		}
}

bool judge_watches(fsid_t fs)
{
	for (int i = 0; i < MAX_ROOTS; i++)
		if (places[i].used && same_system(places[i].fs, fs))
			return true;
	return false;
}

static uint32_t exposed_home(uint64_t node)
{
	return (uint32_t)((node * 0x9e3779b97f4a7c15ull) >> 48) & (EXPOSED_ROOM - 1);
}

static bool exposed_find(uint64_t node, uint32_t root_id)
{
	struct tripwire_memory *m = tripwire_memory();
	for (uint32_t i = exposed_home(node), n = 0; n < EXPOSED_ROOM && m->exposed[i].used; n++, i = (i + 1) % EXPOSED_ROOM)
		if (m->exposed[i].node == node && m->exposed[i].root_id == root_id)
			return true;
	return false;
}

bool exposed_add(uint64_t node, uint32_t root_id)
{
	struct tripwire_memory *m = tripwire_memory();
	if (exposed_find(node, root_id))
		return true;
	if (m->exposed_count >= EXPOSED_ROOM / 4 * 3)
		return false;
	uint32_t i = exposed_home(node);
	while (m->exposed[i].used && m->exposed[i].node != 0)
		i = (i + 1) % EXPOSED_ROOM;
	m->exposed_count += !m->exposed[i].used;
	m->exposed[i].node = node;
	m->exposed[i].root_id = root_id;
	m->exposed[i].used = 1;
	return true;
}

/* The path within its root; "/" of what lies outside, and "" of what is gone. */
static void path_of(int fd, char *out, size_t room)
{
	char link[16];
	snprintf(link, sizeof(link), "%d", fd);
	ssize_t n = fd < 0 ? -1 : readlinkat(proc_fd, link, out, room - 1);
	out[n > 0 ? n : 0] = 0;
}

static int root_with(uint64_t number, fsid_t fs)
{
	for (int i = 0; i < MAX_ROOTS; i++)
		if (places[i].used && roots[i].node == number && same_system(places[i].fs, fs))
			return i;
	return -1;
}

/* Upwards until a root is met; at the file system's own root `..` leads nowhere. -1: beneath none. */
static int root_above(int view, const struct trip *trip)
{
	uint64_t node = trip_number(&trip->directory), above;
	int fd = trip_open(view, &trip->directory, O_PATH | O_DIRECTORY), found = -1;
	for (int depth = 0; fd >= 0 && depth < DEEPEST; depth++) {
		found = root_with(node, trip->fs);
		int up = found >= 0 ? -1 : openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		close(fd);
		fd = up;
		if (fd < 0 || node_at(fd, "", &above) != 0 || above == node)
			break;
		node = above;
	}
	if (fd >= 0)
		close(fd);
	return found;
}

static bool leads_to(int root, const char *path, uint64_t number)
{
	const struct open_how how = { .flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
				      .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
	uint64_t there = 0;
	int fd = (int)syscall(SYS_openat2, roots[root].directory, path[1] == 0 ? "." : path + 1, &how, sizeof(how));
	if (fd < 0)
		return false;
	int error = node_at(fd, "", &there);
	close(fd);
	return error == 0 && there == number;
}

/* An event that names no directory: the root in which the file's own path leads to it. */
static int root_of_path(const struct trip *trip, char *path, size_t room)
{
	for (int i = 0; i < MAX_ROOTS; i++) {
		if (!places[i].used || !same_system(places[i].fs, trip->fs))
			continue;
		int fd = trip_open(i, &trip->child, O_PATH | O_NOFOLLOW);
		if (fd < 0)
			return -1;
		path_of(fd, path, room);
		close(fd);
		if (path[0] == '/' && leads_to(i, path, trip_number(&trip->child)))
			return i;
	}
	return -1;
}

/* The root in which a file has another name: the mount has met it there, or the walk after the protection has. */
static int root_of_link(const struct trip *trip)
{
	uint64_t number = trip_number(trip_object(trip));
	for (int i = 0; i < MAX_ROOTS; i++)
		if (places[i].used && same_system(places[i].fs, trip->fs) &&
		    (exposed_find(number, roots[i].state->id) || hit_forget_pages(i, number)))
			return i;
	return -1;
}

/* Its name lies outside; another may lie inside. Who is nobody's is not heard any more. */
static void outsider(int view, const struct trip *trip, const char *path)
{
	struct stat st;
	int fd = trip_open(view, trip_object(trip), O_PATH | O_NOFOLLOW);
	bool there = fd >= 0 && stat_fd(fd, &st) == 0;
	bool linked = there && S_ISREG(st.st_mode) && st.st_nlink > 1;
	int root = linked ? root_of_link(trip) : -1;
	if (root >= 0) {
		(void)exposed_add(trip_number(trip_object(trip)), roots[root].state->id);
		hit(root, trip, path, true);
	}
	/* One with several names may get one inside by a way that is not heard of: it is asked after each time. */
	if (there && !linked)
		tripwire_ignore(fd, S_ISDIR(st.st_mode) ? WATCHED_NAMES : WATCHED_DATA | FAN_ATTRIB);
	if (fd >= 0)
		close(fd);
	fd = trip_about_names(trip) ? trip_open(view, &trip->directory, O_PATH) : -1;
	if (fd < 0)
		return;
	tripwire_ignore(fd, WATCHED_NAMES);
	close(fd);
}

/* Directory and name, as far as they are known. */
static void path_of_name(int view, const struct trip *trip, char *path, size_t room)
{
	int fd = trip_open(view, &trip->directory, O_PATH);
	path_of(fd, path, room - NAME_MAX - 2);
	if (fd >= 0)
		close(fd);
	if (trip->name[0] == 0 || strcmp(trip->name, ".") == 0)
		return;
	size_t used = strlen(path);
	snprintf(path + used, room - used, "%s%s", strcmp(path, "/") == 0 ? "" : "/", trip->name);
}

void judge(const struct trip *trip)
{
	static char path[8192];
	int view = -1, root;
	for (int i = 0; i < MAX_ROOTS && view < 0; i++)
		if (places[i].used && same_system(places[i].fs, trip->fs))
			view = i;
	if (view < 0 || (!trip_known(&trip->child) && !trip_known(&trip->directory)))
		return;
	path[0] = 0;
	if (trip_known(&trip->directory)) {
		root = root_above(view, trip);
		path_of_name(root >= 0 ? root : view, trip, path, sizeof(path));
	} else
		root = root_of_path(trip, path, sizeof(path));
	if (root >= 0)
		hit(root, trip, path, false);
	else
		outsider(view, trip, path);
}
