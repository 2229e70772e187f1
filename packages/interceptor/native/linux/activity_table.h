/* What the rooms of the activity log share: its table, and when an entry of it is on the disk. */
#ifndef ACTIVITY_TABLE_H
#define ACTIVITY_TABLE_H
#include "server.h"
#include <pthread.h>

#define table (&state->activity)
#define SERVED_UNSYNCED 1u

extern pthread_mutex_t activity_lock; /* over the table, but `broken` */

uint32_t activity_clock(void);    /* monotonic seconds */
uint64_t activity_bound(void);    /* ring sequence that no operation recorded so far is beyond */
bool activity_is_held(uint32_t entry);
uint64_t activity_since(void);    /* of a region of names that begins now */
uint64_t activity_hash(uint64_t node, uint64_t more); /* 32 bits */
int activity_insert(enum region_kind kind, uint16_t root, uint64_t node, uint32_t stretch); /* -1: the table is full */
void activity_remove(uint32_t entry);
void table_start(void);
int activity_find(enum region_kind kind, uint16_t root, uint64_t node, uint32_t stretch);

/* activity_log.c, with the lock */
void log_change(uint32_t entry); /* before anything of the entry is changed */
void log_wake(void);             /* there is something to write */
bool log_await(const uint16_t *entries); /* 0 ends them; false: the log is broken */
void log_break(int error);
void log_start(void);

/* activity_settle.c */
void settle_start(void);
#endif
