/*
 * Room of the holder's visitors: the agent and its mount helper, over a stream socket, a line a command. Every answer is a
 * line; descriptors come with `adopt`. Nothing a visitor sends can stop the holder.
 *
 *   hello                      -> hello VERSION HOLDER-PID SERVER-PID RING-FD STATE-FD, root ID TREE-FD NODE RECORDING PATH..., ready
 *   adopt ID NODE PATH + 2 fds -> ok        (device, tree; node and path in hexadecimal)
 *   serve ID | silence ID | record ID | drop ID -> ok   (silence: calls pass without records from now on)
 *   audit ID NAME              -> ok: what is written to that name in the root's directory becomes a cookie
 *   expose ID NODE             -> ok, or again (no server at the moment): the file has a name outside of its root
 *   settle ID SEQUENCE [now]   -> ok, or again: the target has received all of the root up to there (activity_settle.c)
 *   activity                   -> regions BROKEN USED MARKED CLEARED WRITES
 *   tripwire                   -> on, idle (nothing protected yet), or off SENTENCE
 *   end                        -> ok, and exit; refused while anything is protected
 * Unasked: bell, crashed, suspended, resumed, activity broken ERRNO, gone ID RECORDING, bypass ID PID MASK i|o NODE UNSAID -COMMAND -PATH (hexadecimal).
 */
#include "holder.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#define MAX_CLIENTS 16
#define LINE_MAX_BYTES 12288

struct client {
	int fd; /* 0: free */
	bool greeted; /* wants to be told */
	size_t used;
	int fds[2], fd_count;
	char line[LINE_MAX_BYTES];
};
static struct client clients[MAX_CLIENTS];

static void leave(struct client *c)
{
	for (int i = 0; i < c->fd_count; i++)
		close(c->fds[i]);
	close(c->fd);
	c->fd = 0;
}

/* A visitor that does not read is sent away, never waited for. */
static void tell(struct client *c, const char *text)
{
	char line[2 * MAX_PATH_BYTES + 256];
	int length = snprintf(line, sizeof(line), "%s\n", text);
	if (c->fd != 0 && send(c->fd, line, (size_t)length, MSG_DONTWAIT | MSG_NOSIGNAL) != length)
		leave(c);
}

/* What nobody was there to hear; the newest are dropped, the first say what it is about. */
static char *kept_lines[16];
static int kept_line_count;

static bool anybody_listens(void)
{
	for (int i = 0; i < MAX_CLIENTS; i++)
		if (clients[i].fd != 0 && clients[i].greeted)
			return true;
	return false;
}

void clients_tell_or_keep(const char *line)
{
	if (anybody_listens())
		clients_tell(line);
	else if (kept_line_count < 16 && (kept_lines[kept_line_count] = strdup(line)) != NULL)
		kept_line_count++;
}

static void tell_kept(struct client *c)
{
	for (int i = 0; i < kept_line_count; i++) {
		tell(c, kept_lines[i]);
		free(kept_lines[i]);
	}
	kept_line_count = 0;
}

void clients_tell(const char *line)
{
	for (int i = 0; i < MAX_CLIENTS; i++)
		if (clients[i].fd != 0 && clients[i].greeted)
			tell(&clients[i], line);
}

bool clients_any(void)
{
	for (int i = 0; i < MAX_CLIENTS; i++)
		if (clients[i].fd != 0)
			return true;
	return false;
}

void clients_accept(void)
{
	int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	/* The greeting names every root and must fit: a visitor that is slow to read is sent away. */
	const int room = 4 << 20;
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	for (int i = 0; i < MAX_CLIENTS; i++)
		if (clients[i].fd == 0) {
			memset(&clients[i], 0, sizeof(clients[i]));
			clients[i].fd = fd;
			(void)holder_watch(fd);
			return;
		}
	close(fd);
}

static int find_root(unsigned id)
{
	for (int i = 0; i < MAX_ROOTS; i++)
		if (held[i].device > 0 && state->roots[i].id == id)
			return i;
	return -1;
}

static void greet(struct client *c)
{
	char line[2 * MAX_PATH_BYTES + 128];
	c->greeted = true;
	snprintf(line, sizeof(line), "hello %d %d %u %d %d", RING_VERSION, (int)getpid(), state->server_pid, ring_fd, state_fd);
	tell(c, line);
	for (int i = 0; i < MAX_ROOTS; i++) {
		struct root_state *r = &state->roots[i];
		if (held[i].device <= 0)
			continue;
		int at = snprintf(line, sizeof(line), "root %u %d %llx %d ", r->id, held[i].tree,
				  (unsigned long long)r->node, r->recording != 0);
		for (const char *p = r->path; *p != 0; p++)
			at += snprintf(line + at, sizeof(line) - (size_t)at, "%02x", (unsigned char)*p);
		tell(c, line);
	}
	tell(c, state->suspended ? "ready suspended" : "ready");
	tell_kept(c);
}

static bool unhex(const char *hex, char *out, size_t room)
{
	size_t length = strlen(hex);
	unsigned byte;
	if (length % 2 != 0 || length / 2 >= room)
		return false;
	for (size_t i = 0; i < length; i += 2) {
		if (sscanf(hex + i, "%2x", &byte) != 1 || byte == 0)
			return false;
		out[i / 2] = (char)byte;
	}
	out[length / 2] = 0;
	return true;
}

static const char *adopt(struct client *c, const char *arguments)
{
	static char hex[2 * MAX_PATH_BYTES + 1];
	unsigned id;
	unsigned long long node;
	if (sscanf(arguments, "%u %llx %8192s", &id, &node, hex) != 3 || id > 65535 || c->fd_count != 2)
		return "error adopt wants a number, a node, a path and two descriptors";
	if (find_root(id) >= 0)
		return "error that number is taken";
	for (int i = 0; i < MAX_ROOTS; i++) {
		struct root_state *r = &state->roots[i];
		if (r->used || r->gap || held[i].device > 0)
			continue;
		if (!unhex(hex, r->path, sizeof(r->path)))
			return "error the path is not hexadecimal or too long";
		/* Nothing of a root that had the place before may be taken up by the servers of this one. */
		for (int k = i * ROOT_WORKERS; k < (i + 1) * ROOT_WORKERS; k++) {
			memset(state->requests[k] + REQUEST_AT, 0, sizeof(struct fuse_in_header));
			memset(&state->slots[k], 0, sizeof(state->slots[k]));
			state->beat[k] = 0;
		}
		park_root_begins((uint32_t)i, id);
		r->id = id;
		r->node = node;
		r->ready = 0;
		r->audit[0] = 0;
		r->used = 1;
		r->recording = 1;
		held[i] = (struct held){ c->fds[0], c->fds[1], node, false };
		c->fd_count = 0;
		store_root((uint32_t)i);
		return "ok";
	}
	return "error no more than 128 directories can be protected";
}

static const char *one_root(const char *verb, const char *arguments)
{
	unsigned id;
	int index = sscanf(arguments, "%u", &id) == 1 ? find_root(id) : -1;
	if (index < 0)
		return "error no such root";
	if (strcmp(verb, "serve") == 0)
		holder_serve((uint32_t)index);
	else if (strcmp(verb, "silence") == 0)
		state->roots[index].recording = 0;
	else if (strcmp(verb, "record") == 0)
		state->roots[index].recording = 1;
	else
		holder_drop((uint32_t)index);
	return "ok";
}

static const char *audit(const char *arguments)
{
	char name[AUDIT_NAME + 2] = { 0 };
	unsigned id;
	int index = sscanf(arguments, "%u %45s", &id, name) == 2 ? find_root(id) : -1;
	if (index < 0)
		return "error no such root";
	if (strlen(name) != AUDIT_NAME || strchr(name, '/') != NULL)
		return "error the name has 44 characters";
	/* A server compares meanwhile: it finds the old name, none, or the new one. */
	volatile char *at = state->roots[index].audit;
	at[0] = 0;
	atomic_thread_fence(memory_order_seq_cst);
	for (int i = 1; i <= AUDIT_NAME; i++)
		at[i] = name[i];
	atomic_thread_fence(memory_order_seq_cst);
	at[0] = name[0];
	return "ok";
}

static const char *expose(const char *arguments)
{
	unsigned id;
	unsigned long long node;
	int index = sscanf(arguments, "%u %llx", &id, &node) == 2 ? find_root(id) : -1;
	struct message m = { MSG_EXPOSE, (uint32_t)index, node };
	if (index < 0)
		return "error no such root";
	return server_fd >= 0 && link_send(server_fd, &m, NULL, 0) == 0 ? "ok" : "again";
}

static const char *settle(const char *arguments)
{
	char now[4] = "";
	unsigned id;
	unsigned long long sequence;
	int index = sscanf(arguments, "%u %llu %3s", &id, &sequence, now) >= 2 ? find_root(id) : -1;
	struct message m = { now[0] == 0 ? MSG_SETTLE : MSG_SETTLE_NOW, (uint32_t)index, sequence };
	if (index < 0)
		return "error no such root";
	return server_fd >= 0 && link_send(server_fd, &m, NULL, 0) == 0 ? "ok" : "again";
}

static void tell_activity(struct client *c)
{
	const struct activity *a = &state->activity;
	char line[160];
	snprintf(line, sizeof(line), "regions %u %llu %llu %llu %llu", a->broken, (unsigned long long)a->used,
		 (unsigned long long)a->marked, (unsigned long long)a->cleared, (unsigned long long)a->writes);
	tell(c, line);
}

static void tell_tripwire(struct client *c)
{
	char line[128];
	int why = holder_tripwire_why();
	snprintf(line, sizeof(line), why == 0 ? "on" : why == EAGAIN ? "idle" : "off %s", strerror(why));
	tell(c, line);
}

static void end(struct client *c)
{
	if (!holder_empty()) {
		tell(c, "error something is still protected");
		return;
	}
	tell(c, "ok");
	holder_end();
}

static void command(struct client *c, char *line)
{
	char *space = strchr(line, ' ');
	const char *arguments = space == NULL ? "" : space + 1;
	if (space != NULL)
		*space = 0;
	if (strcmp(line, "hello") == 0)
		greet(c);
	else if (strcmp(line, "adopt") == 0)
		tell(c, adopt(c, arguments));
	else if (strcmp(line, "serve") == 0 || strcmp(line, "silence") == 0 ||
		 strcmp(line, "record") == 0 || strcmp(line, "drop") == 0)
		tell(c, one_root(line, arguments));
	else if (strcmp(line, "audit") == 0)
		tell(c, audit(arguments));
	else if (strcmp(line, "expose") == 0)
		tell(c, expose(arguments));
	else if (strcmp(line, "settle") == 0)
		tell(c, settle(arguments));
	else if (strcmp(line, "activity") == 0)
		tell_activity(c);
	else if (strcmp(line, "tripwire") == 0)
		tell_tripwire(c);
	else if (strcmp(line, "end") == 0)
		end(c);
	else
		tell(c, "error unknown command");
}

static void take_descriptors(struct client *c, struct msghdr *message)
{
	for (struct cmsghdr *m = CMSG_FIRSTHDR(message); m != NULL; m = CMSG_NXTHDR(message, m)) {
		if (m->cmsg_level != SOL_SOCKET || m->cmsg_type != SCM_RIGHTS)
			continue;
		int count = (int)((m->cmsg_len - CMSG_LEN(0)) / sizeof(int)), fd;
		for (int i = 0; i < count; i++) {
			memcpy(&fd, CMSG_DATA(m) + (size_t)i * sizeof(int), sizeof(int));
			if (c->fd_count < 2)
				c->fds[c->fd_count++] = fd;
			else
				close(fd);
		}
	}
}

static bool receive(struct client *c)
{
	struct iovec part = { c->line + c->used, sizeof(c->line) - 1 - c->used };
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(4 * sizeof(int))];
	} control;
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	ssize_t n = part.iov_len == 0 ? 0 : recvmsg(c->fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	take_descriptors(c, &message);
	c->used += (size_t)n;
	return true;
}

bool clients_handle(int fd, uint32_t events)
{
	struct client *c = NULL;
	(void)events;
	for (int i = 0; i < MAX_CLIENTS; i++)
		if (clients[i].fd == fd)
			c = &clients[i];
	if (c == NULL)
		return false;
	if (!receive(c)) {
		leave(c);
		return true;
	}
	char *newline;
	while (c->fd != 0 && (newline = memchr(c->line, '\n', c->used)) != NULL) {
		size_t length = (size_t)(newline - c->line) + 1;
		static char line[LINE_MAX_BYTES];
		memcpy(line, c->line, length - 1);
		line[length - 1] = 0;
		memmove(c->line, c->line + length, c->used - length);
		c->used -= length;
		command(c, line);
	}
	return true;
}
