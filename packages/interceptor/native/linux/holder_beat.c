/*
 * Room of the holder's watch over the server: how often it dies, whether it still works, and whether it is dead though its end
 * of the line is open.
 */
#include "holder.h"
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#ifdef CRASH_POINTS
#define CRASHES_A_MINUTE 100000
#define SHORT_LIVES 100000
#else
#define CRASHES_A_MINUTE 120
/* So many servers in a row that lived less than a fifth of a second: something kills each. */
#define SHORT_LIVES 8
#endif
#define BEAT_SECONDS 30

static double crash_times[CRASHES_A_MINUTE];
static unsigned crash_next;
static double started_at;
static int short_lives;
static pid_t server_pid; /* of the process behind server_fd; the state's is an older one's until a new one is ready */

void beat_started(double now, pid_t pid)
{
	started_at = now;
	server_pid = pid;
}

/* It started us: whoever made the pair of sockets is its peer. */
void beat_inherited(void)
{
	struct ucred peer;
	socklen_t length = sizeof(peer);
	server_pid = getsockopt(server_fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 ? peer.pid : 0;
}

static void suspend_records(void)
{
	state->suspended = 1;
	for (int i = 0; i < MAX_ROOTS; i++)
		if (state->roots[i].used && state->roots[i].recording)
			state->roots[i].gap = 1; /* the next server counts it */
	clients_tell("suspended");
}

double beat_died(double now)
{
	double oldest = crash_times[crash_next];
	int recent = 0;
	crash_times[crash_next] = now;
	crash_next = (crash_next + 1) % CRASHES_A_MINUTE;
	for (int i = 0; i < CRASHES_A_MINUTE; i++)
		recent += crash_times[i] > now - 5;
	short_lives = now - started_at < 0.2 ? short_lives + 1 : 0;
	if (((oldest > 0 && oldest > now - 60) || short_lives >= SHORT_LIVES) && !state->suspended)
		suspend_records();
	/* The first dies of something, the tenth in five seconds of itself. */
	double pause = recent <= 3 ? 0 : 0.01 * recent * recent;
#ifdef CRASH_POINTS
	pause = 0;
#endif
	return now + (pause < 1 ? pause : 1);
}

/* A file of /proc as text, -1 where there is none. */
static ssize_t read_text(const char *path, char *text, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, room - 1);
	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = 0;
	return n;
}

/* R, S, D, Z…; 0: there is no such task. */
static char state_of(const char *path)
{
	char text[256];
	const char *end = read_text(path, text, sizeof(text)) > 0 ? strrchr(text, ')') : NULL;
	return end == NULL ? 0 : end[2];
}

static bool only_tripwire_left(void)
{
	char path[320], name[32];
	const struct dirent *task;
	bool tripwire = false, others = false;
	snprintf(path, sizeof(path), "/proc/%d/task", (int)server_pid);
	DIR *tasks = opendir(path);
	while (tasks != NULL && (task = readdir(tasks)) != NULL) {
		if (task->d_name[0] == '.' || atoi(task->d_name) == (int)server_pid)
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%s/comm", (int)server_pid, task->d_name);
		if (read_text(path, name, sizeof(name)) <= 0)
			continue;
		if (strcmp(name, TRIPWIRE_THREAD "\n") == 0)
			tripwire = true;
		else
			others = true;
	}
	if (tasks != NULL)
		closedir(tasks);
	return tripwire && !others;
}

/*
 * Killed, all of it gone but the tripwire's thread: that one waits in the kernel for a page, the page for an answer, the answer
 * for the next server, and the descriptors of the dead one stay open as long as it waits.
 */
bool beat_is_dead(void)
{
	char path[64];
	if (server_fd < 0 || server_pid <= 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", (int)server_pid, (int)server_pid);
	char leader = state_of(path);
	return leader == 'Z' && only_tripwire_left();
}

static void resume_records(double now)
{
	static double quiet_since;
	double last = crash_times[(crash_next + CRASHES_A_MINUTE - 1) % CRASHES_A_MINUTE];
	struct message m = { MSG_RESUME, 0, 0 };
	if (last >= now - 60 || quiet_since >= last)
		return;
	quiet_since = now;
	(void)link_send(server_fd, &m, NULL, 0);
	clients_tell("resumed");
}

void beat_check(double now)
{
	char path[64];
	if (server_fd < 0)
		return;
	if (state->suspended)
		resume_records(now);
	for (int i = 0; i < WORKERS; i++) {
		if (state->beat[i] == 0 || (double)state->beat[i] > now - BEAT_SECONDS)
			continue;
		snprintf(path, sizeof(path), "/proc/%u/task/%u/stat", state->server_pid, state->tid[i]);
		char worker = state_of(path);
		/* Waiting for the disk is the disk's affair; anything else that long is a fault. */
		if (worker == 'D')
			continue;
		if (worker != 0)
			(void)kill((pid_t)state->server_pid, SIGKILL);
		return;
	}
}
