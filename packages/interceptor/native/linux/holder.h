/* What the two rooms of the holder share: everything that must outlive the server. */
#ifndef HOLDER_H
#define HOLDER_H
#include "server.h"

struct held {
	int device, tree; /* 0: none */
	uint64_t node;
	bool served;
};
extern struct held held[MAX_ROOTS];
extern int server_fd; /* -1: no server at the moment */

void clients_accept(void);
bool clients_handle(int fd, uint32_t events); /* false: not one of ours */
void clients_tell(const char *line);
bool clients_any(void);
void holder_serve(uint32_t index);
void holder_drop(uint32_t index);
bool holder_empty(void);
int holder_watch(int fd);
#endif
