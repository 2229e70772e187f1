/*
 * Room of the second copy: under a service manager that keeps descriptors (systemd's FDSTORE) everything the holder owns is
 * stored there as well, by name. When holder and server die at the same moment the manager starts a holder anew and hands it
 * all of that, so that an application that was waiting goes on waiting and then gets its answer.
 * Nothing here waits for the manager: what it does not take at once is offered again with the next look.
 */
#include "holder.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#define FIRST_PASSED 3
#define NAME_ROOM 64

static int notify_fd = -1;
static struct sockaddr_un notify_address;
static socklen_t notify_length;

/* False: there is no manager. An address of the abstract kind begins with @. */
static bool open_notify(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	if (notify_fd >= 0)
		return true;
	if (path == NULL || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof(notify_address.sun_path))
		return false;
	notify_address.sun_family = AF_UNIX;
	memcpy(notify_address.sun_path, path, strlen(path));
	notify_length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path) + (path[0] == '/'));
	if (path[0] == '@')
		notify_address.sun_path[0] = 0;
	notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return notify_fd >= 0;
}

static bool notify(const char *text, int fd)
{
	struct iovec part = { (void *)text, strlen(text) };
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_name = &notify_address };
	if (!open_notify())
		return false;
	message.msg_namelen = notify_length;
	if (fd >= 0) {
		memset(&control, 0, sizeof(control));
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(int));
	}
	return sendmsg(notify_fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

static void remove_name(const char *name)
{
	char text[NAME_ROOM + 64];
	snprintf(text, sizeof(text), "FDSTOREREMOVE=1\nFDNAME=%s", name);
	(void)notify(text, -1);
}

/*
 * What is stored already is stored again without harm: the manager knows a descriptor of the same file. It is never removed
 * first, or a death in between would lose it. FDPOLL=0: a mount that hangs up is taken off by us, after its gap was noted.
 */
bool store_one(const char *name, int fd)
{
	char text[NAME_ROOM + 64];
	snprintf(text, sizeof(text), "FDSTORE=1\nFDPOLL=0\nFDNAME=%s", name);
	return notify(text, fd);
}

static void escrow_name(char *name, uint32_t root, uint64_t node)
{
	snprintf(name, NAME_ROOM, "escrow-%u-%llx", root, (unsigned long long)node);
}

bool store_escrow(uint32_t root, uint64_t node, int fd)
{
	char name[NAME_ROOM];
	escrow_name(name, root, node);
	return store_one(name, fd);
}

void store_remove_escrow(uint32_t root, uint64_t node)
{
	char name[NAME_ROOM];
	escrow_name(name, root, node);
	remove_name(name);
}

void store_root(uint32_t index)
{
	char name[NAME_ROOM];
	snprintf(name, sizeof(name), "device-%u", index);
	(void)store_one(name, held[index].device);
	snprintf(name, sizeof(name), "tree-%u", index);
	(void)store_one(name, held[index].tree);
}

void store_remove_root(uint32_t index)
{
	char name[NAME_ROOM];
	snprintf(name, sizeof(name), "device-%u", index);
	remove_name(name);
	snprintf(name, sizeof(name), "tree-%u", index);
	remove_name(name);
}

static const struct { const char *name; int *fd; } basics[] = {
	{ "ring", &ring_fd }, { "state", &state_fd }, { "listen", &listen_fd }, { "bell", &bell_fd },
	{ "acks", &acks_fd }, { "calls", &calls_fd },
	{ "activity", &activity_fd },
};

/* After a start or a takeover: whatever the manager has of a holder before is replaced. */
void store_all(void)
{
	for (size_t i = 0; i < sizeof(basics) / sizeof(basics[0]); i++)
		if (*basics[i].fd >= 0)
			(void)store_one(basics[i].name, *basics[i].fd);
	for (uint32_t i = 0; i < MAX_ROOTS; i++)
		if (held[i].device > 0)
			store_root(i);
}

void store_remove_all(void)
{
	for (size_t i = 0; i < sizeof(basics) / sizeof(basics[0]); i++)
		remove_name(basics[i].name);
	remove_name("tripwire-marks");
	remove_name("tripwire-memory");
}

void store_ready(void)
{
	(void)notify("READY=1", -1);
}

static int tripwire_found[2] = { -1, -1 };

static bool take_named(const char *name, int fd)
{
	unsigned index;
	unsigned long long node;
	for (size_t i = 0; i < sizeof(basics) / sizeof(basics[0]); i++)
		if (strcmp(name, basics[i].name) == 0)
			return *basics[i].fd = fd, true;
	if (strcmp(name, "tripwire-marks") == 0)
		return tripwire_found[0] = fd, true;
	if (strcmp(name, "tripwire-memory") == 0)
		return tripwire_found[1] = fd, true;
	if (sscanf(name, "device-%u", &index) == 1 && index < MAX_ROOTS)
		return held[index].device = fd, true;
	if (sscanf(name, "tree-%u", &index) == 1 && index < MAX_ROOTS)
		return held[index].tree = fd, true;
	if (sscanf(name, "escrow-%u-%llx", &index, &node) == 2 && index < MAX_ROOTS)
		return holder_escrow(index, node, fd, true), true;
	return false;
}

/* The roots as the state remembers them; what was half adopted or half dropped is let go of. */
static void complete_roots(void)
{
	for (uint32_t i = 0; i < MAX_ROOTS; i++) {
		struct root_state *r = &state->roots[i];
		bool whole = held[i].device > 0 && held[i].tree > 0 && r->used;
		if (whole) {
			held[i].node = r->node;
			held[i].served = true;
			continue;
		}
		if (held[i].device > 0)
			close(held[i].device);
		if (held[i].tree > 0)
			close(held[i].tree);
		if (held[i].device > 0 || held[i].tree > 0)
			store_remove_root(i);
		memset(&held[i], 0, sizeof(held[i]));
		if (r->used && r->recording)
			r->gap = 1; /* the next server counts it */
		r->used = r->recording = 0;
	}
}

/* Mounts nobody could serve again: an error for whoever waits there is better than no end. */
static bool give_up(void)
{
	for (uint32_t i = 0; i < MAX_ROOTS; i++) {
		if (held[i].device > 0)
			close(held[i].device);
		if (held[i].tree > 0)
			close(held[i].tree);
		if (held[i].device > 0 || held[i].tree > 0)
			store_remove_root(i);
		memset(&held[i], 0, sizeof(held[i]));
	}
	store_remove_all();
	return false;
}

bool store_take(void)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS"), *list = getenv("LISTEN_FDNAMES");
	if (pid == NULL || count == NULL || list == NULL || atoi(pid) != (int)getpid())
		return false;
	char *names = strdup(list), *rest = names;
	for (int i = 0, n = atoi(count); i < n; i++) {
		const char *name = strsep(&rest, ":");
		int fd = FIRST_PASSED + i;
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
		if (name == NULL || !take_named(name, fd))
			close(fd);
	}
	free(names);
	bool all = ring_fd >= 0 && state_fd >= 0 && listen_fd >= 0;
	if (!all || enter_memory(ring_fd, true) != 0 || enter_memory(state_fd, false) != 0)
		return give_up();
	if (bell_fd < 0)
		bell_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	(void)park_make_bells();
	park_announce();
	complete_roots();
	if (tripwire_found[0] >= 0 && tripwire_found[1] >= 0)
		holder_tripwire(tripwire_found);
	return true;
}
