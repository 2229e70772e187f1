/*
 * The activity log: which coarse regions of the protected directories may differ from what the target has when the power fails.
 * A region is a stretch of a file, the end of one, the metadata of a node, or the names of a directory with what was made in it
 * since. It is on the disk before the first change in it is executed, and taken off lazily, once all of its operations are
 * received by the target and the source's file system was synced since.
 *
 * The file is a format: the driver's activity-log.ts reads it after a power cut and holds the same numbers.
 */
#ifndef ACTIVITY_H
#define ACTIVITY_H
#include <stdatomic.h>
#include <stdint.h>

#define ACTIVITY_MAGIC 0x474f4c5954434155ull /* "UACTYLOG" */
#define ACTIVITY_VERSION 1
#define ACTIVITY_BLOCK 4096
#define ACTIVITY_BLOCKS 65
#define ACTIVITY_A_BLOCK 126
#define ACTIVITY_ENTRIES (ACTIVITY_BLOCKS * ACTIVITY_A_BLOCK)
/* A stretch of a file has 16 MiB. */
#define ACTIVITY_SHIFT 24
/* Regions that one request may need, and who has one: the workers, and behind them the thread that undoes calls. */
#define ACTIVITY_HELD 8
#define ACTIVITY_WORKERS 257
/* Operations of one run of the ring are numbered from its generation shifted by this. */
#define ACTIVITY_GENERATION_SHIFT 36

enum region_kind {
	REGION_FREE = 0,
	REGION_SERVED,  /* every change beneath the root has been marked, since this is here; its stretch is 0 once all before it is synced */
	REGION_ROOT,    /* anything beneath the root: there were too many regions */
	REGION_NAMES,   /* the names in a directory, and what was made there since */
	REGION_STRETCH, /* of a file, by its number */
	REGION_TAIL,    /* of a file, from that stretch to the end */
	REGION_NODE,    /* metadata */
};

/* As it lies on the disk. */
struct region {
	uint64_t node;
	uint64_t since_ms; /* CLOCK_REALTIME; what was made in the directory is not older */
	uint32_t stretch;
	uint16_t root; /* its id */
	uint8_t kind, pad;
	uint64_t reserved;
};
struct activity_block {
	uint64_t magic, sum; /* the sum is of all that follows it */
	uint64_t version, written_ms, generation;
	uint32_t index, pad;
	uint64_t reserved[2];
	struct region regions[ACTIVITY_A_BLOCK];
};
struct activity_head {
	uint64_t magic, sum;
	uint32_t version, blocks;
	uint64_t generation;
	uint32_t broken, shift;
	char boot[48];
	unsigned char pad[ACTIVITY_BLOCK - 88];
};
_Static_assert(sizeof(struct region) == 32 && sizeof(struct activity_block) == ACTIVITY_BLOCK &&
		       sizeof(struct activity_head) == ACTIVITY_BLOCK, "activity log layout");

struct region_life {
	uint64_t last;    /* ring sequence of its newest operation, at most */
	uint64_t version; /* of its block: on the disk once that is written */
	uint32_t life;    /* another one each time the place is used */
	uint32_t touched; /* monotonic seconds */
};

/* In the state memory. */
struct activity {
	_Atomic uint32_t broken; /* errno: nothing is marked any more, and after a power cut all is compared */
	uint32_t pad;
	uint64_t generation;
	_Atomic uint64_t used, writes, marked, cleared;
	uint64_t changed[ACTIVITY_BLOCKS], written[ACTIVITY_BLOCKS];
	uint8_t copy[ACTIVITY_BLOCKS]; /* which of its two places holds the newest */
	uint8_t draining[ACTIVITY_ENTRIES]; /* of a REGION_ROOT: what comes is marked one by one again */
	_Alignas(8) uint16_t held[ACTIVITY_WORKERS][ACTIVITY_HELD]; /* entry + 1; its request is being executed */
	_Alignas(8) struct region regions[ACTIVITY_ENTRIES];
	struct region_life lives[ACTIVITY_ENTRIES];
};

struct worker;
struct root;
extern int activity_fd; /* -1: there is no log */

/* The holder's part. */
void activity_make(const char *directory, uint64_t generation);

/* The server's: once before its workers start, and for each root. */
void activity_start(void);
void activity_root_added(const struct root *root);
void activity_root_removed(const struct root *root);
void activity_settle(uint32_t index, uint64_t sequence, int now);

/* Before a change is executed: the region is on the disk when these return. */
void activity_stretch(struct worker *w, uint64_t node, uint64_t offset, uint64_t length);
void activity_tail(struct worker *w, uint64_t node, uint64_t offset);
void activity_metadata(struct worker *w, uint64_t node);
void activity_names(struct worker *w, uint64_t directory);
/* Afterwards. */
void activity_born(struct worker *w, uint64_t node, uint64_t directory);
void activity_moved(struct worker *w, uint64_t node, uint64_t directory, int is_directory);
/* The request has been answered. */
void activity_leave(struct worker *w);
/* Where a node has a name; 0: not known any more. Its metadata then counts to that directory. */
void activity_home(const struct worker *w, uint64_t node, uint64_t directory);
#endif
