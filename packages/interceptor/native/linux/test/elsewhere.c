/*
 * A service in a mount namespace of its own, rooted in DIRECTORY so that it sees (and shows) nothing but what is mounted there.
 * `private`: a copy that follows nothing; `follows`: mounts appear and go as they do where it came from.
 *
 *   elsewhere DIRECTORY private|follows FILE...   -> "ready"; after a line: writes each FILE, "done"; ends with its input
 */
#define _GNU_SOURCE 1
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

int main(int count, char **values)
{
	char line[16];
	if (count < 3 || unshare(CLONE_NEWNS) != 0 || chroot(values[1]) != 0 || chdir("/") != 0)
		return 1;
	if (strcmp(values[2], "private") == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return 1;
	puts("ready");
	fflush(stdout);
	if (fgets(line, sizeof(line), stdin) == NULL)
		return 0;
	for (int i = 3; i < count; i++) {
		int fd = open(values[i], O_WRONLY | O_CREAT, 0644);
		if (fd < 0 || write(fd, "seen\n", 5) != 5 || close(fd) != 0)
			return 1;
	}
	puts("done");
	fflush(stdout);
	(void)!fgets(line, sizeof(line), stdin);
	return 0;
}
