/*
 * Room of the server's frame: takes memory and descriptors from a holder, lets the workers serve, and when the holder dies
 * starts another and hands it everything.
 */
#include "gating.h"
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

struct root roots[MAX_ROOTS];
struct worker workers[WORKERS];
int proc_fd = -1;
_Atomic int holder_fd = -1;

static void *room_for(size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		_exit(4);
	return at;
}

/* The kernel must never fault on this memory: a read that dies in a fault loses its request. */
static void touch(unsigned char *request)
{
	for (size_t at = 0; at < REQUEST_BYTES; at += 4096)
		((volatile unsigned char *)request)[at] = request[at];
	(void)mlock(request, REQUEST_BYTES);
}

static void root_identity(struct root *root)
{
	struct stat st;
	uint64_t node;
	root->indexed = node_is_indexed(root->tree);
	root->on = stat_fd(root->tree, &st) == 0 ? st.st_dev : 0;
	if (root->indexed)
		(void)node_meet(root, root->tree, "", &node);
}

static void root_start(uint32_t index)
{
	root_identity(&roots[index]);
	tripwire_before_work();
	activity_root_added(&roots[index]);
	for (uint32_t i = index * ROOT_WORKERS; i < (index + 1) * ROOT_WORKERS; i++) {
		struct worker *w = &workers[i];
		pthread_t thread;
		memset(w, 0, sizeof(*w));
		w->index = (int)i;
		w->root = &roots[index];
		w->slot = &state->slots[i];
		w->counter = &ring->counters[i];
		w->in = (struct fuse_in_header *)(state->requests[i] + REQUEST_AT);
		w->out = room_for(MAX_WRITE + 4096);
		w->scratch = room_for(SCRATCH_ROOM);
		w->dir_fd = -1;
		w->running = 1;
		touch(state->requests[i]);
		if (pthread_create(&thread, NULL, worker_run, w) != 0)
			_exit(4);
		(void)pthread_detach(thread);
	}
	tripwire_root_added(index);
}

static void root_add(const struct message *m, const int *fds, bool now)
{
	struct root *root = &roots[m->value];
	root->device = fds[0];
	root->tree = fds[1];
	root->directory = openat(fds[1], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	root->node = m->node;
	root->state = &state->roots[m->value];
	(void)fcntl(root->device, F_SETFL, 0);
	root->active = 1;
	if (now)
		root_start(m->value);
}

static void root_remove(uint32_t index)
{
	struct root *root = &roots[index];
	struct timespec nap = { 0, 1000000 };
	if (root->device <= 0)
		return;
	tripwire_root_removed(index);
	root->active = 0;
	park_drop_root(index);
	for (uint32_t i = index * ROOT_WORKERS; i < (index + 1) * ROOT_WORKERS; i++) {
		struct worker *w = &workers[i];
		for (int tries = 0; tries < 5000 && w->running; tries++)
			nanosleep(&nap, NULL);
		if (w->running)
			return; /* still mounted: its workers go on, and the next server will not know it */
		node_dir_forget(w, 0);
		munmap(w->out, MAX_WRITE + 4096);
		munmap(w->scratch, SCRATCH_ROOM);
		(void)munlock(state->requests[i], REQUEST_BYTES);
	}
	gate_drop_root(index);
	escrow_drop_root(index);
	late_drop(root);
	nodes_drop_root(root);
	activity_root_removed(root);
	close(root->device);
	close(root->directory);
	close(root->tree);
	root->device = 0;
}

void root_gone(struct root *root)
{
	struct message m = { MSG_GONE, (uint32_t)(root - roots), 0 };
	if (atomic_exchange(&root->active, 0) == 0)
		return;
	if (root->state->recording)
		ring_gap(root);
	(void)link_send(holder_fd, &m, NULL, 0);
}

static void resume(void)
{
	state->suspended = 0;
	for (int i = 0; i < MAX_ROOTS; i++)
		if (roots[i].active && roots[i].state->recording)
			ring_gap(&roots[i]);
}

static void close_all(const int *fds, int count)
{
	for (int i = 0; i < count; i++)
		close(fds[i]);
}

/* False: the message says that all is there, or over. */
static bool take_message(const struct message *m, const int *fds, int count, bool started)
{
	bool of_root = m->type == MSG_ROOT || m->type == MSG_ESCROW || m->type == MSG_DROP || m->type == MSG_EXPOSE ||
		       m->type == MSG_SETTLE || m->type == MSG_SETTLE_NOW;
	if (of_root && m->value >= MAX_ROOTS)
		return close_all(fds, count), true;
	if (m->type == MSG_STATE && count == 1 && enter_memory(fds[0], false) != 0)
		_exit(3);
	else if (m->type == MSG_RING && count == 1 && enter_memory(fds[0], true) != 0)
		_exit(3);
	else if (m->type == MSG_LISTEN && count == 1)
		listen_fd = fds[0];
	else if (m->type == MSG_BELL && count == 1)
		bell_fd = fds[0];
	else if (m->type == MSG_ACKS && count == 1)
		acks_fd = fds[0];
	else if (m->type == MSG_CALLS && count == 1)
		calls_fd = fds[0];
	else if (m->type == MSG_ROOT && count == 2)
		root_add(m, fds, started);
	else if (m->type == MSG_ESCROW && count == 1)
		escrow_adopt(m->value, m->node, fds[0]);
	else if (m->type == MSG_DROP)
		root_remove(m->value);
	else if (m->type == MSG_RESUME)
		resume();
	else if (m->type == MSG_TRIPWIRE && count == 2)
		tripwire_adopt(fds);
	else if (m->type == MSG_ACTIVITY && count == 1)
		activity_fd = fds[0];
	else if (m->type == MSG_SETTLE || m->type == MSG_SETTLE_NOW)
		activity_settle(m->value, m->node, m->type == MSG_SETTLE_NOW);
	else if (m->type == MSG_EXPOSE)
		tripwire_expose(m->value, m->node);
	else if (m->type == MSG_END)
		_exit(0);
	return m->type != MSG_GO;
}

static void hand_over_to_new_holder(void)
{
	struct message m = { 0, 0, 0 };
	int old = holder_fd, fresh;
	struct timespec nap = { 0, 20000000 };
	pid_t pid;
	while ((fresh = link_start("hold-takeover", "fsi-holder", &pid)) < 0)
		nanosleep(&nap, NULL);
	link_send_basics(fresh);
	for (uint32_t i = 0; i < MAX_ROOTS; i++) {
		int fds[2] = { roots[i].device, roots[i].tree };
		struct message r = { MSG_ROOT, i, roots[i].node };
		if (roots[i].device > 0)
			(void)link_send(fresh, &r, fds, 2);
	}
	/* From here on new escrows go to both; what is sent twice is kept once. */
	holder_fd = fresh;
	escrow_send_all(fresh);
	tripwire_send(fresh);
	m.type = MSG_GO;
	(void)link_send(fresh, &m, NULL, 0);
	close(old);
	for (uint32_t i = 0; i < MAX_ROOTS; i++) {
		struct message gone = { MSG_GONE, i, 0 };
		if (roots[i].device > 0 && !roots[i].active)
			(void)link_send(fresh, &gone, NULL, 0);
	}
}

static void prepare_process(void)
{
	struct rlimit files = { 1048576, 1048576 };
	(void)setrlimit(RLIMIT_NOFILE, &files);
	(void)prctl(PR_SET_NAME, "fsid", 0, 0, 0);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	(void)mlockall(MCL_CURRENT | MCL_FUTURE | 4 /* MCL_ONFAULT */);
	proc_fd = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (chdir("/") != 0)
		_exit(5);
}

int fsid_main(int socket)
{
	struct message m;
	int fds[2], count;
	holder_fd = socket;
	(void)fcntl(socket, F_SETFD, FD_CLOEXEC);
	prepare_process();
	do
		if (link_receive(socket, &m, fds, &count) != 1)
			return 2;
	while (take_message(&m, fds, count, false));
	if (state == NULL || ring == NULL)
		return 3;
	state->epoch++;
	state->server_pid = (uint32_t)getpid();
	ring_repair();
	nodes_repair();
	gate_repair();
	park_repair();
	activity_start();
	for (uint32_t i = 0; i < MAX_ROOTS; i++)
		if (roots[i].active)
			root_start(i);
	park_start();
	for (;;) {
		struct pollfd poll_holder = { holder_fd, POLLIN, 0 };
		int n = poll(&poll_holder, 1, 100);
		ring_flush_notes();
		late_drop(NULL);
		if (n <= 0)
			continue;
		if (link_receive(holder_fd, &m, fds, &count) == 1)
			(void)take_message(&m, fds, count, true);
		else
			hand_over_to_new_holder();
	}
}
