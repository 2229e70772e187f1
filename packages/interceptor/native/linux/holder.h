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
void clients_tell_or_keep(const char *line); /* kept for the next agent where none listens */
void holder_serve(uint32_t index);
void holder_drop(uint32_t index);
bool holder_empty(void);
int holder_watch(int fd);
void holder_prepare(void);
_Noreturn void holder_run(void);
_Noreturn void holder_end(void);
void holder_take(const struct message *m, const int *fds, int count);
void holder_tripwire(const int *fds);
int holder_tripwire_why(void);

/* holder_escrow.c: descriptors of files without a name */
void holder_escrow(uint32_t root, uint64_t node, int fd, bool stored);
void holder_unescrow(uint32_t root, uint64_t node); /* node 0: all of the root */
void holder_send_escrows(void);                     /* to the server */
void holder_store_escrows(void);                    /* to the service manager */

/* holder_beat.c: is the server alive, does it work */
void beat_started(double now, pid_t pid);
void beat_inherited(void);
double beat_died(double now); /* when the next one may start */
bool beat_is_dead(void);
void beat_check(double now);

/* holder_store.c: a copy of everything with the service manager, where there is one */
bool store_one(const char *name, int fd);
bool store_escrow(uint32_t root, uint64_t node, int fd);
void store_root(uint32_t index);
void store_all(void);
void store_remove_escrow(uint32_t root, uint64_t node);
void store_remove_root(uint32_t index);
void store_remove_all(void);
bool store_take(void); /* what an earlier holder has stored; false: nothing, or not enough */
void store_ready(void);
#endif
