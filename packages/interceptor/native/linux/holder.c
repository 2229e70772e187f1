/*
 * Room of the holder: owns what the server's death must not take along (the connections, the private views, ring and state,
 * descriptors of nameless files) and starts a new server at once. It does nothing that could block on a protected directory.
 */
#include "holder.h"
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

#define IDLE_SECONDS 30

struct held held[MAX_ROOTS];
int server_fd = -1;

static int loop_fd = -1;
static int tripwire_fds[2] = { -1, -1 };
static int tripwire_why; /* errno of why there is none */
static double start_at; /* when the next server may start */

static double now_seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int holder_watch(int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };
	return epoll_ctl(loop_fd, EPOLL_CTL_ADD, fd, &event);
}

bool holder_empty(void)
{
	for (int i = 0; i < MAX_ROOTS; i++)
		if (held[i].device > 0)
			return false;
	return true;
}

static void take_tripwire(const struct message *m, const int *fds, int count)
{
	tripwire_why = count == 2 ? 0 : (int)m->value;
	if (count != 2)
		return;
	for (int i = 0; i < 2; i++) {
		if (tripwire_fds[i] >= 0)
			close(tripwire_fds[i]);
		tripwire_fds[i] = fds[i];
	}
	store_one("tripwire-marks", fds[0]);
	store_one("tripwire-memory", fds[1]);
}

void holder_tripwire(const int *fds)
{
	tripwire_fds[0] = fds[0];
	tripwire_fds[1] = fds[1];
}

/* 0: it hears; else the errno of why not. */
int holder_tripwire_why(void)
{
	return tripwire_fds[0] >= 0 || tripwire_why != 0 ? tripwire_why : EAGAIN;
}

static void pass_on(int pipe)
{
	char line[4096];
	ssize_t n = read(pipe, line, sizeof(line) - 1);
	close(pipe);
	if (n <= 0)
		return;
	line[n] = 0;
	clients_tell_or_keep(line);
}

static void send_root(uint32_t index)
{
	struct message m = { MSG_ROOT, index, held[index].node };
	int fds[2] = { held[index].device, held[index].tree };
	(void)link_send(server_fd, &m, fds, 2);
}

static void start_server(void)
{
	pid_t pid = 0;
	server_fd = link_start("serve", "fsid", &pid);
	beat_started(now_seconds(), pid);
	if (server_fd < 0) {
		start_at = now_seconds() + 0.1;
		return;
	}
	link_send_basics(server_fd);
	struct message tripwire = { MSG_TRIPWIRE, 0, 0 };
	if (tripwire_fds[0] >= 0)
		(void)link_send(server_fd, &tripwire, tripwire_fds, 2);
	for (uint32_t i = 0; i < MAX_ROOTS; i++)
		if (held[i].served)
			send_root(i);
	holder_send_escrows();
	struct message go = { MSG_GO, 0, 0 };
	(void)link_send(server_fd, &go, NULL, 0);
	(void)holder_watch(server_fd);
}

void holder_serve(uint32_t index)
{
	held[index].served = true;
	if (server_fd >= 0)
		send_root(index);
}

void holder_drop(uint32_t index)
{
	struct message m = { MSG_DROP, index, 0 };
	if (held[index].device <= 0)
		return;
	if (server_fd >= 0)
		(void)link_send(server_fd, &m, NULL, 0);
	holder_unescrow(index, 0);
	store_remove_root(index);
	close(held[index].device);
	close(held[index].tree);
	memset(&held[index], 0, sizeof(held[index]));
	state->roots[index].recording = 0;
	state->roots[index].used = 0;
}

static void server_died(void)
{
	close(server_fd);
	server_fd = -1;
	ring->restarts++;
	start_at = beat_died(now_seconds());
	clients_tell("crashed");
}

_Noreturn void holder_end(void)
{
	struct message m = { MSG_END, 0, 0 };
	store_remove_all();
	if (server_fd >= 0)
		(void)link_send(server_fd, &m, NULL, 0);
	_exit(0);
}

/* Nothing protected and no agent: nobody would ever end us. */
static void check_use(double now)
{
	static double idle_since;
	if (!holder_empty() || clients_any()) {
		idle_since = now;
		return;
	}
	if (idle_since == 0)
		idle_since = now;
	if (now - idle_since < IDLE_SECONDS)
		return;
	holder_end();
}

void holder_take(const struct message *m, const int *fds, int count)
{
	char line[64];
	if (m->value >= MAX_ROOTS)
		return;
	if (m->type == MSG_ESCROW && count == 1)
		holder_escrow(m->value, m->node, fds[0], false);
	else if (m->type == MSG_TRIPWIRE)
		take_tripwire(m, fds, count);
	else if (m->type == MSG_SAY && count == 1)
		pass_on(fds[0]);
	else if (m->type == MSG_UNESCROW)
		holder_unescrow(m->value, m->node);
	else if (m->type == MSG_ROOT && count == 2)
		held[m->value] = (struct held){ fds[0], fds[1], m->node, true };
	else if (m->type == MSG_GONE && held[m->value].device > 0) {
		snprintf(line, sizeof(line), "gone %u %d", state->roots[m->value].id, state->roots[m->value].recording != 0);
		holder_drop(m->value);
		clients_tell(line);
	}
}

/* What it sent before is there all the same: a file without a name lives by it. */
static void read_last_words(void)
{
	struct message m;
	int fds[2], count;
	struct pollfd line = { server_fd, POLLIN, 0 };
	while (poll(&line, 1, 0) == 1 && (line.revents & POLLIN) && link_receive(server_fd, &m, fds, &count) == 1)
		holder_take(&m, fds, count);
}

static void handle_server(void)
{
	struct message m;
	int fds[2], count;
	if (link_receive(server_fd, &m, fds, &count) == 1)
		holder_take(&m, fds, count);
	else
		server_died();
}

_Noreturn void holder_run(void)
{
	struct epoll_event event;
	double checked = 0;
	(void)holder_watch(listen_fd);
	(void)holder_watch(bell_fd);
	for (;;) {
		double now = now_seconds();
		if (server_fd < 0 && now >= start_at)
			start_server();
		int wait = server_fd >= 0 ? 1000 : (int)((start_at - now) * 1000) + 1;
		int n = epoll_wait(loop_fd, &event, 1, wait);
		now = now_seconds();
		if (now - checked > 1) {
			if (beat_is_dead()) {
				read_last_words();
				server_died();
			}
			beat_check(now);
			check_use(now);
			holder_store_escrows();
			checked = now;
		}
		if (n <= 0)
			continue;
		if (event.data.fd == server_fd)
			handle_server();
		else if (event.data.fd == listen_fd)
			clients_accept();
		else if (event.data.fd == bell_fd) {
			uint64_t rings;
			if (read(bell_fd, &rings, sizeof(rings)) == (ssize_t)sizeof(rings))
				clients_tell("bell");
		} else
			(void)clients_handle(event.data.fd, event.events);
	}
}

void holder_prepare(void)
{
	struct rlimit files = { 1048576, 1048576 };
	(void)setrlimit(RLIMIT_NOFILE, &files);
	(void)prctl(PR_SET_NAME, "fsi-holder", 0, 0, 0);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	loop_fd = epoll_create1(EPOLL_CLOEXEC);
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		ssize_t n = write(fd, "-1000", 5);
		(void)n;
		close(fd);
	}
	if (chdir("/") != 0 || loop_fd < 0)
		_exit(5);
}
