/*
 * One static binary, so that holder and server can start each other through /proc/self/exe whatever happens to the package:
 *   hold DIRECTORY RING-BYTES dirty|block GENERATION   the holder, as a daemon     (comm fsi-holder)
 *   hold-service DIRECTORY RING-BYTES dirty|block GENERATION   the same in the foreground, for a service manager that keeps descriptors
 *   serve FD                                the server                  (comm fsid)
 *   hold-takeover FD                        a holder for a server whose own has died
 *   mount …, mount-tree …, unmount …        the helper of the driver
 *   audit                                   what writes the self-audit's cookies  (comm fsi-audit)
 *   neighbour probe|announce INTERFACE ADDRESS   service addresses at a failover
 *   sample                                  one record on stdout, for the test that the layouts agree
 */
#include "server.h"
#include <stdio.h>
#include <stdlib.h>

int sample_main(void)
{
	static unsigned char bytes[4096];
	struct draft d;
	memset(&d, 0, sizeof(d));
	d.verb = VERB_RENAME;
	d.flags = FLAG_MODE_CHANGED;
	d.node = 0x1122334455667788ull;
	d.parent = 2;
	d.parent2 = 0x300000003ull;
	d.victim = 0x400000004ull;
	d.victim_nlink = 5;
	d.offset = 0x123456789aull;
	d.extent = 6;
	d.detail = 7;
	d.attributes = (struct stat){ .st_mode = S_IFREG | 0644, .st_uid = 1000, .st_gid = 1001, .st_nlink = 2,
				      .st_size = 0x1000000001ll, .st_rdev = 0x801,
				      .st_atim = { 1700000000, 1 }, .st_mtim = { -5, 999999999 } };
	d.parent_mtime = (struct timespec){ 1700000001, 11 };
	d.parent2_mtime = (struct timespec){ 1700000002, 12 };
	d.name = "old\xff";
	d.name_length = 4;
	d.name2 = "new";
	d.name2_length = 3;
	d.data = "data!";
	d.data_length = 5;
	size_t length = record_encode(bytes, &d, 513, 0x1fffffffffull);
	return fwrite(bytes, 1, length, stdout) == length ? 0 : 1;
}

int main(int argc, char **argv)
{
	const char *role = argc > 1 ? argv[1] : "";
	if (strcmp(role, "serve") == 0 && argc == 3)
		return fsid_main(atoi(argv[2]));
	if (strcmp(role, "hold-takeover") == 0 && argc == 3)
		return holder_takeover(atoi(argv[2]));
	if (strcmp(role, "hold") == 0 && argc == 6)
		return holder_main(argv[2], strtoull(argv[3], NULL, 10), strcmp(argv[4], "block") == 0, strtoull(argv[5], NULL, 10));
	if (strcmp(role, "hold-service") == 0 && argc == 6)
		return holder_service(argv[2], strtoull(argv[3], NULL, 10), strcmp(argv[4], "block") == 0, strtoull(argv[5], NULL, 10));
	if (strcmp(role, "mount") == 0)
		return mount_main(argc - 2, argv + 2);
	if (strcmp(role, "mount-tree") == 0)
		return mount_tree_main(argc - 2, argv + 2);
	if (strcmp(role, "unmount") == 0 && (argc == 3 || argc == 4))
		return unmount_main(argv[2], argc == 4 && strcmp(argv[3], "lazily") == 0);
	if (strcmp(role, "audit") == 0)
		return audit_main();
	if (strcmp(role, "neighbour") == 0 && argc == 5)
		return neighbour_main(argv[2], argv[3], argv[4]);
	if (strcmp(role, "sample") == 0)
		return sample_main();
	fprintf(stderr, "fsid is started by the agent's interceptor\n");
	return 2;
}
