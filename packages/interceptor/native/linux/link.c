/* Room of the link: messages with descriptors between holder and server, and how each starts the other. */
#include "server.h"
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>

struct state *state;
struct ring_header *ring;
unsigned char *ring_data;
int bell_fd = -1, listen_fd = -1, ring_fd = -1, state_fd = -1;

int link_send(int socket, const struct message *m, const int *fds, int count)
{
	struct iovec part = { (void *)m, sizeof(*m) };
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(2 * sizeof(int))];
	} control;
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	if (count > 0) {
		memset(&control, 0, sizeof(control));
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int));
		struct cmsghdr *c = CMSG_FIRSTHDR(&message);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
		memcpy(CMSG_DATA(c), fds, (size_t)count * sizeof(int));
	}
	ssize_t n;
	do
		n = sendmsg(socket, &message, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(*m) ? 0 : -1;
}

void link_send_basics(int socket)
{
	const struct { uint32_t type; int fd; } basics[] = {
		{ MSG_STATE, state_fd }, { MSG_RING, ring_fd }, { MSG_LISTEN, listen_fd }, { MSG_BELL, bell_fd },
		{ MSG_ACKS, acks_fd }, { MSG_CALLS, calls_fd }, { MSG_ACTIVITY, activity_fd },
	};
	for (size_t i = 0; i < sizeof(basics) / sizeof(basics[0]); i++) {
		struct message m = { basics[i].type, 0, 0 };
		if (basics[i].fd >= 0)
			(void)link_send(socket, &m, &basics[i].fd, 1);
	}
}

int link_receive(int socket, struct message *m, int *fds, int *count)
{
	struct iovec part = { m, sizeof(*m) };
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(2 * sizeof(int))];
	} control;
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	ssize_t n;
	*count = 0;
	/* A peer that died with messages unread resets the line, once; what it sent before is still to be read. */
	do {
		message.msg_controllen = sizeof(control);
		n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	} while (n < 0 && (errno == EINTR || errno == ECONNRESET));
	if (n == 0)
		return 0;
	if (n != (ssize_t)sizeof(*m))
		return -1;
	struct cmsghdr *c = CMSG_FIRSTHDR(&message);
	if (c != NULL && c->cmsg_type == SCM_RIGHTS) {
		*count = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(fds, CMSG_DATA(c), (size_t)*count * sizeof(int));
	}
	return 1;
}

int link_start(const char *role, const char *name, pid_t *pid)
{
	int pair[2];
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	char *arguments[] = { (char *)name, (char *)role, (char *)"3", NULL };
	const char *notify = getenv("NOTIFY_SOCKET"); /* all that a holder needs to know of the world */
	char variable[160];
	char *environment[] = { notify == NULL ? NULL : variable, NULL };
	snprintf(variable, sizeof(variable), "NOTIFY_SOCKET=%s", notify == NULL ? "" : notify);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return -1;
	int theirs = fcntl(pair[1], F_DUPFD_CLOEXEC, 10); /* never 3 itself: dup2 onto itself would keep CLOEXEC */
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, theirs, 3);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
	int error = posix_spawn(pid, "/proc/self/exe", &actions, &attributes, arguments, environment);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	close(pair[1]);
	close(theirs);
	if (error == 0)
		return pair[0];
	close(pair[0]);
	return -1;
}

/* The ring's data is mapped twice in a row, so that no record is ever cut. */
static int enter_ring(int fd)
{
	struct stat st;
	if (fstat(fd, &st) != 0 || st.st_size <= RING_HEADER)
		return -1;
	size_t size = (size_t)st.st_size - RING_HEADER;
	unsigned char *at = mmap(NULL, RING_HEADER + 2 * size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		return -1;
	int both = PROT_READ | PROT_WRITE;
	if (mmap(at, RING_HEADER + size, both, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED ||
	    mmap(at + RING_HEADER + size, size, both, MAP_SHARED | MAP_FIXED, fd, RING_HEADER) == MAP_FAILED)
		return -1;
	ring = (struct ring_header *)at;
	ring_data = at + RING_HEADER;
	ring_fd = fd;
	return ring->magic == RING_MAGIC && ring->version == RING_VERSION && ring->size == size ? 0 : -1;
}

int enter_memory(int fd, bool is_ring)
{
	if (is_ring)
		return enter_ring(fd);
	void *at = mmap(NULL, sizeof(struct state), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return -1;
	state = at;
	state_fd = fd;
	return state->magic == STATE_MAGIC && state->version == RING_VERSION ? 0 : -1;
}
