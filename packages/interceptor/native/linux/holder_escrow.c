/* Room of the holder's nameless files: a descriptor of each, so that it outlives the server. */
#include "holder.h"
#include <stdlib.h>

static struct { uint64_t node; uint32_t root; int fd; bool stored; } *escrows;
static size_t escrow_count, escrow_room;

void holder_escrow(uint32_t root, uint64_t node, int fd, bool stored)
{
	if (escrow_count == escrow_room) {
		size_t room = escrow_room == 0 ? 256 : escrow_room * 2;
		void *grown = realloc(escrows, room * sizeof(*escrows));
		if (grown == NULL) {
			close(fd);
			return;
		}
		escrows = grown;
		escrow_room = room;
	}
	escrows[escrow_count].node = node;
	escrows[escrow_count].stored = stored;
	escrows[escrow_count].root = root;
	escrows[escrow_count++].fd = fd;
}

void holder_unescrow(uint32_t root, uint64_t node)
{
	for (size_t i = escrow_count; i-- > 0;)
		if (escrows[i].root == root && (node == 0 || escrows[i].node == node)) {
			close(escrows[i].fd);
			if (escrows[i].stored)
				store_remove_escrow(escrows[i].root, escrows[i].node);
			escrows[i] = escrows[--escrow_count];
		}
}

/* Most nameless files live for a moment, and the service manager need not hear of those. */
void holder_store_escrows(void)
{
	int most = 256;
	for (size_t i = 0; i < escrow_count && most > 0; i++)
		if (!escrows[i].stored) {
			escrows[i].stored = store_escrow(escrows[i].root, escrows[i].node, escrows[i].fd);
			most--;
		}
}

void holder_send_escrows(void)
{
	for (size_t i = 0; i < escrow_count; i++) {
		struct message m = { MSG_ESCROW, escrows[i].root, escrows[i].node };
		(void)link_send(server_fd, &m, &escrows[i].fd, 1);
	}
}
