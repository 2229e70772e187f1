/* What the rooms of the tripwire share: the watched file systems, the memory that outlives a server, and a hit. */
#ifndef TRIPWIRE_H
#define TRIPWIRE_H
#include "server.h"
#include <linux/fanotify.h>
#include <sys/types.h>

#ifndef FAN_REPORT_TARGET_FID
#define FAN_REPORT_TARGET_FID 0x1000
#endif
#ifndef FAN_MARK_EVICTABLE
#define FAN_MARK_EVICTABLE 0x200
#endif
#ifndef FAN_MARK_IGNORE
#define FAN_MARK_IGNORE 0x400
#endif

/* Through a descriptor: these carry the mount, so that an ignore mark on the private view silences the server's own. */
#define WATCHED_DATA ((uint64_t)(FAN_MODIFY | FAN_CLOSE_WRITE))
/* Of names and attributes: these carry no mount; the server's own are told by their process. */
#define WATCHED_NAMES ((uint64_t)(FAN_ATTRIB | FAN_CREATE | FAN_DELETE | FAN_MOVED_FROM | FAN_MOVED_TO | FAN_ONDIR))

#define TRIPWIRE_MAGIC 0x3250495254534655ull
#define OWN_PIDS 1024 /* more than can die while what they did waits in the queue */
#define BATCH_BYTES 65536
#define RECENT 64
#define EXPOSED_ROOM 65536 /* a power of two */

/* Kept by the holder together with the descriptor of the marks: the next server goes on in the same queue. */
struct tripwire_memory {
	uint64_t magic;
	uint32_t next_pid, exposed_count;
	struct { uint32_t pid, dead; } own[OWN_PIDS];
	/* Noted lately; a note that is due is not lost with the server that held it back. `noted`: monotonic milliseconds. */
	struct { uint64_t node, noted; int32_t root; uint32_t pending; } recent[RECENT];
	/* What was read from the queue: zero behind the last event, and dealt with up to `batch_at`. A server may die in between. */
	uint32_t batch_at, batch_tries;
	_Alignas(8) unsigned char batch[BATCH_BYTES];
	/* Files of a root that have a name outside of it. */
	struct { uint64_t node; uint32_t root_id, used; } exposed[EXPOSED_ROOM];
};

/* One event. A handle of no bytes: the kernel did not say. */
struct trip {
	uint64_t mask;
	struct wide_handle child, directory;
	pid_t pid;
	const char *name; /* "" or "." where the object itself is meant */
	fsid_t fs;
};

/* tripwire.c: the marks */
int tripwire_open(void);                  /* the marks' descriptor, -1 without */
struct tripwire_memory *tripwire_memory(void);
void tripwire_ignore(int object, uint64_t mask); /* by descriptor, and only until memory is scarce */
void tripwire_heed(int object);                  /* undoes it */
uint64_t tripwire_now(void);

void tripwire_enter(void); /* one at a time: who adds or removes roots, who judges */
void tripwire_leave(void);
void tripwire_lost_some(void); /* the queue could not hold everything: every root has a gap */

/* tripwire_queue.c: the events and the thread that takes them */
void queue_mine(void); /* what this process does is ours */
void *queue_listen(void *unused);

/* tripwire_judge.c: is it one of ours */
void judge(const struct trip *trip);
void judge_watch(int index, fsid_t fs);
void judge_forget(int index);
bool judge_watches(fsid_t fs);
bool exposed_add(uint64_t node, uint32_t root_id);

/* tripwire_hit.c: and what follows */
bool trip_known(const struct wide_handle *wide);
int trip_open(int root, const struct wide_handle *wide, int flags);
uint64_t trip_number(const struct wide_handle *wide);
const struct wide_handle *trip_object(const struct trip *trip);
bool trip_about_names(const struct trip *trip);
void hit(int root, const struct trip *trip, const char *path, bool outside);
bool hit_forget_pages(int root, uint64_t node);
void hit_forget(int index);
void judge_due(void); /* what was held back to be noted once */
bool judge_pending(void);
#endif
