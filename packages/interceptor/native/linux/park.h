/*
 * What the synchronous mode keeps in the state memory: how each root's calls are held, the calls that wait for the target, and
 * what undoes them. It outlives the server; the next one finds who waits and answers them.
 *
 * The agent reads and writes the roots' part by offset: the driver's call-hold.ts holds the same numbers.
 */
#ifndef PARK_H
#define PARK_H
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#define PARK_MAX 1024
#define PARK_REPLY 512
#define PARK_NAME 256
/* The most that is kept of what a call overwrites or cuts off: one write's worth. */
#define PARK_IMAGE (1u << 20)
/* Sequence of a call whose records found no room: it waits for its notes, and then for them. */
#define PARK_NOTED UINT64_MAX

enum park_mode { PARK_OFF = 0, PARK_FSYNC = 1, PARK_EVERY_CALL = 2 };
enum park_policy { PARK_SUSPEND = 0, PARK_DEGRADE = 1, PARK_ABORT = 2 };

struct park_root {
	/* 0: written by the agent, both copies: up to this sequence everything is acknowledged. */
	_Atomic uint64_t acked, acked2;
	/* 16: written by the agent; `degraded` by the server too, where no agent is there to see the limit pass. */
	_Atomic uint32_t mode, policy, limit_ms, degraded;
	/* 32: number of the root, 0: none. */
	_Atomic uint32_t id;
	_Atomic uint32_t waiting;
	_Atomic uint64_t oldest_ms; /* monotonic; since when the oldest waits, 0: nobody does */
	_Atomic uint64_t last;      /* newest sequence of this root */
	_Atomic uint64_t aborted, released; /* calls that were undone; that were answered because the server degraded */
	_Atomic uint64_t stuck;     /* calls that should have been undone and could not be: they wait */
	uint64_t pad[6];
};
_Static_assert(sizeof(struct park_root) == 128, "park root layout");

enum undo_kind {
	UNDO_NOT = 0, /* it cannot be, or nothing need be */
	UNDO_CONTENT, UNDO_ATTRIBUTES, UNDO_XATTR, UNDO_MADE, UNDO_NAMELESS, UNDO_REMOVED, UNDO_MOVED,
	UNDO_NOTHING, /* an error is enough: fsync */
};
#define UNDO_READY 1u    /* all of it is taken */
#define UNDO_ABSENT 2u   /* the attribute was not there */
#define UNDO_ASIDE 4u    /* what was removed or replaced has the name `aside` */
#define UNDO_HANDLE 8u   /* the answer hands out a handle */
#define UNDO_EXCHANGE 16u
#define UNDO_DIRECTORY 32u

struct undo {
	uint32_t kind, flags;
	uint64_t node, parent, parent2, victim;
	uint64_t offset;
	uint32_t image_length, xattr_mode;
	struct stat before;
	struct timespec parent_mtime, parent2_mtime;
	char name[PARK_NAME], name2[PARK_NAME], aside[PARK_NAME];
};

enum park_phase {
	PARK_FREE = 0,
	PARK_PREPARED,  /* a worker's, before and while the call is executed */
	PARK_WAITING,
	PARK_UNDOING,
	PARK_ANSWERING,
};

struct parked {
	uint32_t root, opcode; /* index of the root */
	uint64_t unique, sequence, since_ms;
	uint32_t owner, tid;
	uint32_t error, stuck; /* `stuck`: it could not be undone */
	uint32_t reply_length, durable; /* `durable`: the answer says so, as that of fsync does */
	unsigned char reply[PARK_REPLY];
	struct undo undo;
};

struct park_area {
	/* Descriptors of the holder, for the agent: it writes to the first when it has acknowledged, and reads the second. */
	_Atomic uint32_t acks_fd, calls_fd;
	_Atomic uint32_t waiting, pad;
	_Atomic uint64_t asides; /* names given so far */
	uint64_t pad2[13];
	struct park_root roots[128]; /* 128 bytes behind the beginning */
	_Atomic uint32_t phase[PARK_MAX];
	struct parked calls[PARK_MAX];
	_Alignas(4096) unsigned char images[PARK_MAX][PARK_IMAGE];
};
_Static_assert(offsetof(struct park_area, roots) == 128, "park area layout");
#endif
