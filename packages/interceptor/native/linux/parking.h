/* What the two rooms of the parked share: park.c puts calls into the table, park_thread.c takes them out. */
#ifndef PARKING_H
#define PARKING_H
#include "undo.h"
#include <pthread.h>

extern pthread_rwlock_t undoing[MAX_ROOTS]; /* read: a call is executed; write: one is undone */

uint64_t park_now(void); /* monotonic ms */
struct park_root *park_root_of(uint32_t index);
uint64_t park_acked(const struct park_root *r);
bool park_holds(uint32_t index, enum park_mode least); /* such calls wait on this root now */
enum park_mode park_least(const struct parked *p); /* the mode from which on it waits */
void park_toll(int fd);
void park_count(uint32_t root, int more);
void park_free(uint32_t place);
bool park_phase(uint32_t place, enum park_phase from, enum park_phase to);
void park_send(uint32_t place); /* it is ANSWERING, and nobody else's */
void park_look_at_callers(void);
#endif
