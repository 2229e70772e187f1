/*
 * Room of the holder's beginnings: a fresh one, one for a server whose own has died, and one that the service manager starts
 * and hands what it has kept.
 */
#include "holder.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

int holder_takeover(int socket)
{
	struct message m;
	int fds[2], count;
	(void)fcntl(socket, F_SETFD, FD_CLOEXEC);
	holder_prepare();
	server_fd = socket;
	for (;;) {
		if (link_receive(socket, &m, fds, &count) != 1)
			return 2;
		if (m.type == MSG_GO)
			break;
		if (m.type == MSG_STATE || m.type == MSG_RING) {
			if (count != 1 || enter_memory(fds[0], m.type == MSG_RING) != 0)
				return 3;
		} else if (m.type == MSG_LISTEN)
			listen_fd = fds[0];
		else if (m.type == MSG_BELL)
			bell_fd = fds[0];
		else if (m.type == MSG_ACKS)
			acks_fd = fds[0];
		else if (m.type == MSG_CALLS)
			calls_fd = fds[0];
		else if (m.type == MSG_ACTIVITY)
			activity_fd = fds[0];
		else
			holder_take(&m, fds, count);
	}
	if (state == NULL || ring == NULL || listen_fd < 0 || bell_fd < 0 || !park_make_bells())
		return 3;
	park_announce();
	ring->takeovers++;
	store_all();
	beat_inherited();
	(void)holder_watch(server_fd);
	holder_run();
}

static int make_memory(const char *name, size_t size)
{
	int fd = memfd_create(name, MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, (off_t)size) != 0)
		return -1;
	return fd;
}

static int make_all(const char *directory, uint64_t ring_bytes, bool blocking, uint64_t generation)
{
	struct ring_header header = { .magic = RING_MAGIC, .version = RING_VERSION, .size = ring_bytes,
				      .workers = WORKERS, .blocking = blocking,
				      /* Behind all that an earlier ring has numbered: what the target has of that stays told apart. */
				      .sequence = generation << ACTIVITY_GENERATION_SHIFT };
	const uint64_t magic = STATE_MAGIC;
	const uint32_t version = RING_VERSION;
	int fd = make_memory("fsi-ring", RING_HEADER + ring_bytes);
	if (fd < 0 || pwrite(fd, &header, sizeof(header), 0) != (ssize_t)sizeof(header) || enter_memory(fd, true) != 0)
		return -1;
	fd = make_memory("fsi-state", sizeof(struct state));
	if (fd < 0 || pwrite(fd, &magic, 8, 0) != 8 || pwrite(fd, &version, 4, 8) != 4 || enter_memory(fd, false) != 0)
		return -1;
	activity_make(directory, generation);
	bell_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (bell_fd < 0 || !park_make_bells())
		return -1;
	park_announce();
	return 0;
}

static int listen_in(const char *directory)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int dir = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return perror(directory), -1;
	(void)unlinkat(dir, "control.sock", 0);
	/* The address has 108 bytes; a home may lie deeper. */
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/control.sock", dir);
	listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	umask(0077);
	int error = bind(listen_fd, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(listen_fd, 16) != 0;
	close(dir);
	return error ? perror("control.sock"), -1 : 0;
}

static void leave_terminal(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int i = 0; i < 3; i++)
		(void)dup2(null, i);
}

int holder_main(const char *directory, uint64_t ring_bytes, bool blocking, uint64_t generation)
{
	if (listen_in(directory) != 0)
		return 1;
	if (make_all(directory, ring_bytes, blocking, generation) != 0)
		return perror("ring"), 1;
	pid_t pid = fork();
	if (pid != 0)
		return pid < 0 ? 1 : 0; /* whoever started us need not wait any longer: the socket answers */
	(void)setsid();
	/* Whoever manages the agent is not asked to keep our descriptors: they would come back to the agent. */
	(void)unsetenv("NOTIFY_SOCKET");
	leave_terminal();
	holder_prepare();
	holder_run();
}

/* In the foreground, in a unit of its own: the manager watches this process and those it starts. */
int holder_service(const char *directory, uint64_t ring_bytes, bool blocking, uint64_t generation)
{
	bool taken = store_take();
	if (!taken && (listen_in(directory) != 0 || make_all(directory, ring_bytes, blocking, generation) != 0))
		return perror("the holder cannot start"), 1;
	leave_terminal();
	holder_prepare();
	if (taken)
		ring->takeovers++;
	else
		store_all();
	store_ready();
	holder_run();
}
