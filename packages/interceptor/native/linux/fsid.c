/*
 * Room of the server's frame: takes memory and descriptors from a holder, lets the workers serve, and when the holder dies
 * starts another and hands it everything.
 */
#include "server.h"
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

struct root roots[MAX_ROOTS];
struct worker workers[WORKERS];
int epoll_fd = -1, proc_fd = -1;
_Atomic int holder_fd = -1;

static void root_listen(uint32_t index)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = index };
	(void)epoll_ctl(epoll_fd, EPOLL_CTL_ADD, roots[index].device, &event);
}

static void root_add(const struct message *m, const int *fds, bool now)
{
	struct root *root = &roots[m->value];
	root->device = fds[0];
	root->tree = fds[1];
	root->directory = openat(fds[1], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	root->node = m->node;
	root->state = &state->roots[m->value];
	(void)fcntl(root->device, F_SETFL, O_NONBLOCK);
	root->active = 1;
	if (now)
		root_listen(m->value);
}

static void root_remove(uint32_t index)
{
	struct root *root = &roots[index];
	struct timespec nap = { 0, 1000000 };
	if (root->device <= 0)
		return;
	root->active = 0;
	(void)epoll_ctl(epoll_fd, EPOLL_CTL_DEL, root->device, NULL);
	for (int i = 0; i < WORKERS; i++)
		for (int tries = 0; tries < 5000 && workers[i].busy_root == (int)index + 1; tries++)
			nanosleep(&nap, NULL);
	escrow_drop_root(index);
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
	(void)epoll_ctl(epoll_fd, EPOLL_CTL_DEL, root->device, NULL);
	if (root->state->recording)
		ring_note(root, VERB_GAP, 0);
	(void)link_send(holder_fd, &m, NULL, 0);
}

static void resume(void)
{
	state->suspended = 0;
	for (int i = 0; i < MAX_ROOTS; i++)
		if (roots[i].active && roots[i].state->recording)
			ring_note(&roots[i], VERB_GAP, 0);
}

static void close_all(const int *fds, int count)
{
	for (int i = 0; i < count; i++)
		close(fds[i]);
}

/* False: the message says that all is there, or over. */
static bool take_message(const struct message *m, const int *fds, int count, bool started)
{
	if ((m->type == MSG_ROOT || m->type == MSG_ESCROW || m->type == MSG_DROP) && m->value >= MAX_ROOTS)
		return close_all(fds, count), true;
	if (m->type == MSG_STATE && count == 1 && enter_memory(fds[0], false) != 0)
		_exit(3);
	else if (m->type == MSG_RING && count == 1 && enter_memory(fds[0], true) != 0)
		_exit(3);
	else if (m->type == MSG_LISTEN && count == 1)
		listen_fd = fds[0];
	else if (m->type == MSG_BELL && count == 1)
		bell_fd = fds[0];
	else if (m->type == MSG_ROOT && count == 2)
		root_add(m, fds, started);
	else if (m->type == MSG_ESCROW && count == 1)
		escrow_adopt(m->value, m->node, fds[0]);
	else if (m->type == MSG_DROP)
		root_remove(m->value);
	else if (m->type == MSG_RESUME)
		resume();
	else if (m->type == MSG_END)
		_exit(0);
	return m->type != MSG_GO;
}

static void hand_over_to_new_holder(void)
{
	struct message m = { 0, 0, 0 };
	int old = holder_fd, fresh;
	struct timespec nap = { 0, 20000000 };
	while ((fresh = link_start("hold-takeover", "fsi-holder")) < 0)
		nanosleep(&nap, NULL);
	const struct { uint32_t type; int fd; } first[] = {
		{ MSG_STATE, state_fd }, { MSG_RING, ring_fd }, { MSG_LISTEN, listen_fd }, { MSG_BELL, bell_fd },
	};
	for (size_t i = 0; i < 4; i++) {
		m.type = first[i].type;
		(void)link_send(fresh, &m, &first[i].fd, 1);
	}
	for (uint32_t i = 0; i < MAX_ROOTS; i++) {
		int fds[2] = { roots[i].device, roots[i].tree };
		struct message r = { MSG_ROOT, i, roots[i].node };
		if (roots[i].device > 0)
			(void)link_send(fresh, &r, fds, 2);
	}
	/* From here on new escrows go to both; what is sent twice is kept once. */
	holder_fd = fresh;
	escrow_send_all(fresh);
	m.type = MSG_GO;
	(void)link_send(fresh, &m, NULL, 0);
	close(old);
	for (uint32_t i = 0; i < MAX_ROOTS; i++) {
		struct message gone = { MSG_GONE, i, 0 };
		if (roots[i].device > 0 && !roots[i].active)
			(void)link_send(fresh, &gone, NULL, 0);
	}
}

static void start_workers(void)
{
	for (int i = 0; i < WORKERS; i++) {
		struct worker *w = &workers[i];
		pthread_t thread;
		w->index = i;
		w->slot = &state->slots[i];
		w->counter = &ring->counters[i];
		w->in = (struct fuse_in_header *)(state->requests[i] + 4096 - 80);
		w->out = mmap(NULL, MAX_WRITE + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		w->scratch = malloc(65536 + 4096);
		w->dir_fd = -1;
		/* The kernel must never fault on this memory: a read that dies in a fault loses its request. */
		memset(state->requests[i] + 4096 + MAX_WRITE, 0, 4096);
		for (size_t at = 0; at < REQUEST_BYTES; at += 4096)
			((volatile unsigned char *)state->requests[i])[at] = state->requests[i][at];
		(void)mlock(state->requests[i], REQUEST_BYTES);
		if (w->out == MAP_FAILED || w->scratch == NULL || pthread_create(&thread, NULL, worker_run, w) != 0)
			_exit(4);
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
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (chdir("/") != 0 || epoll_fd < 0)
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
	start_workers();
	for (uint32_t i = 0; i < MAX_ROOTS; i++)
		if (roots[i].active)
			root_listen(i);
	for (;;) {
		struct pollfd poll_holder = { holder_fd, POLLIN, 0 };
		int n = poll(&poll_holder, 1, 100);
		ring_flush_notes();
		if (n <= 0)
			continue;
		if (link_receive(holder_fd, &m, fds, &count) == 1)
			(void)take_message(&m, fds, count, true);
		else
			hand_over_to_new_holder();
	}
}
