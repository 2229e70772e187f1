/*
 * Room of the hand that writes cookies: a process of the agent's that goes the way of the applications, by the public path. The kernel
 * may hold such a call for ever, and a thread of the agent's would then keep it from ending; this process may be left behind.
 *
 *   stdin, a line a cookie: ROOT NUMBER PATH (hexadecimal)      stdout, a line an outcome: ROOT NUMBER ERRNO (0: written)
 *
 * Each cookie has a thread of its own, so that one that is held does not hold up those of other roots. It ends with its stdin.
 */
#include "server.h"
#include "mount.h"
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

#define STACK (64 << 10)

struct order {
	unsigned root;
	unsigned long long number;
	char path[MAX_PATH_BYTES];
};

static int write_cookie(const struct order *order)
{
	uint64_t number = order->number;
	/* Without O_CREAT: where the path leads elsewhere, nothing comes into being there. */
	int fd = open(order->path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno;
	ssize_t n = write(fd, &number, sizeof(number));
	int error = n == (ssize_t)sizeof(number) ? 0 : n < 0 ? errno : EIO;
	close(fd);
	return error;
}

static void *carry_out(void *argument)
{
	struct order *order = argument;
	char line[64];
	int error = write_cookie(order);
	int length = snprintf(line, sizeof(line), "%u %llu %d\n", order->root, order->number, error);
	ssize_t n = write(STDOUT_FILENO, line, (size_t)length); /* one call: lines of two threads do not mix */
	(void)n;
	free(order);
	return NULL;
}

static struct order *order_of(const char *line)
{
	static char hex[2 * MAX_PATH_BYTES + 1];
	struct order *order = malloc(sizeof(*order));
	if (order != NULL && sscanf(line, "%u %llu %8192s", &order->root, &order->number, hex) == 3 &&
	    unhex(hex, order->path, sizeof(order->path)))
		return order;
	free(order);
	return NULL;
}

int audit_main(void)
{
	static char line[2 * MAX_PATH_BYTES + 64];
	pthread_attr_t attributes;
	pthread_t thread;
	(void)prctl(PR_SET_NAME, "fsi-audit", 0, 0, 0);
	/* What ends the agent's group by the keyboard must not end this before the agent's own order. */
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	if (chdir("/") != 0 || pthread_attr_init(&attributes) != 0)
		return 5;
	(void)pthread_attr_setstacksize(&attributes, STACK);
	(void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		struct order *order = order_of(line);
		if (order != NULL && pthread_create(&thread, &attributes, carry_out, order) != 0)
			free(order);
	}
	_exit(0);
}
