/*
 * What lies in memory that outlives a process: the ring (read by the agent), the state (shared by one server and the next),
 * and the messages with which holder and server hand each other their descriptors.
 *
 * The agent reads the ring's header page by offset, so the offsets below are a format: the driver's ring reader holds the
 * same numbers, and a change of either is a new RING_VERSION.
 */
#ifndef LAYOUT_H
#define LAYOUT_H
#include "activity.h"
#include "gate.h"
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include "park.h"

#define RING_MAGIC 0x474e495249534655ull /* "UFSIRING" */
#define RING_VERSION 4
#define RING_HEADER 8192
#define MAX_ROOTS 128
/* Each root has two of its own: one that waits in read(2) is woken sooner than one that waits for many. */
#define ROOT_WORKERS 2
#define WORKERS (MAX_ROOTS * ROOT_WORKERS)
#define COUNTERS_AT 4096
#define AUDIT_NAME 44 /* characters of the name that the self-audit writes to */

struct counter {
	_Atomic uint64_t begun, done;
};

struct ring_header {
	uint64_t magic;
	uint32_t version, flags; /* flags: none yet */
	uint64_t size;           /* bytes of the data region, which begins at RING_HEADER and is mapped twice in a row */
	unsigned char identity[16]; /* written by the agent that reads the ring first: another ring has another */
	char pad0[24];
	/* 64: written by the server. Both copies are equal outside of a store: the agent reads without a lock. */
	_Atomic uint64_t head, head2;
	_Atomic uint64_t sequence;
	char pad1[40];
	/* 128: written by the agent in one pwrite, both copies. */
	_Atomic uint64_t tail, tail2;
	char pad2[48];
	/* 192 */
	_Atomic uint32_t armed; /* 1: whoever appends next rings the bell */
	_Atomic uint32_t notes; /* dirty notes and gaps that wait for room in the ring */
	_Atomic uint64_t dirty_total;
	_Atomic uint64_t restarts; /* servers that were started anew after a death */
	_Atomic uint64_t takeovers;
	_Atomic uint64_t reserved;
	_Atomic uint32_t workers, blocking;
	char pad3[COUNTERS_AT - 240];
	/* 4096: modifying calls begun and done, one pair a worker */
	struct counter counters[WORKERS];
};
_Static_assert(sizeof(struct ring_header) == COUNTERS_AT + WORKERS * sizeof(struct counter), "ring header layout");

#define STATE_MAGIC 0x3154534953465555ull
#define MAX_NOTES 4096
#define OPEN_BUCKETS 65536
#define MAX_PATH_BYTES 4096
#define MAX_WRITE (1u << 20)
#define REQUEST_AT (4096 - 80)
/* One page before WRITE's data for headers, so that the data is page aligned, and one behind it. */
#define REQUEST_BYTES (4096 + MAX_WRITE + 4096)
#define REPLY_BYTES 512

enum phase {
	PHASE_READING = 0,   /* the buffer may hold a request that nobody has begun */
	PHASE_EXECUTING = 1, /* a modifying call has begun; `end` says whether it is in the ring */
	PHASE_READY = 2,     /* `reply` is the answer, whoever sends it */
};

struct slot {
	_Atomic uint32_t phase;
	uint32_t pad0;
	_Atomic uint64_t end; /* recorded once the ring's head has reached it; 0: not appended */
	/* What was there before the call, for telling afterwards whether it was executed. */
	uint64_t node, victim, size;
	uint32_t flags, attempts;
	uint32_t reply_length, park; /* number + 1 of its place among the parked, 0: none */
	uint64_t sequence;           /* of its last record; 0: none */
	unsigned char reply[REPLY_BYTES];
};
#define SLOT_COUNTED 1u
#define SLOT_BEFORE 2u

struct root_state {
	_Atomic uint32_t used, recording, gap;
	uint32_t id;
	uint32_t minor, ready;
	uint64_t flags;
	uint64_t node;
	char path[MAX_PATH_BYTES];
	char audit[AUDIT_NAME + 1]; /* "": none yet; its first character is set last */
};

struct note {
	uint64_t node;
	uint32_t root_id;
	_Atomic uint32_t used;
};

/*
 * Handles that are longer than a node number. Entries are numbered from 1; 0 ends a chain. Only what has been used takes
 * memory: forty-odd bytes a file.
 */
#define NODE_HANDLE 24 /* btrfs needs 20, XFS and tmpfs 12 */
#define NODE_ENTRIES (1u << 26)
#define NODE_BUCKETS_LEAST 1024
#define NODE_LENGTH 0x7f
#define NODE_DOOMED 0x80
struct node_entry {
	uint64_t node; /* 0: free */
	uint32_t next;
	uint16_t root; /* its id */
	uint8_t length, type;
	unsigned char handle[NODE_HANDLE];
};
struct node_index {
	_Atomic uint32_t turn; /* odd: a change is in hand */
	uint32_t buckets, count, live, free;
	uint32_t pad[3];
	uint32_t heads[NODE_ENTRIES];
	struct node_entry entries[NODE_ENTRIES];
};
_Static_assert(sizeof(struct node_entry) == 40 && offsetof(struct node_index, heads) == 32, "node index layout");

struct state {
	uint64_t magic;
	uint32_t version;
	_Atomic uint32_t epoch; /* one a server; part of every file handle */
	_Atomic uint32_t suspended; /* servers die too often: calls pass without records */
	_Atomic uint32_t server_pid;
	uint64_t index_at, park_at, gate_at; /* 24: offsets of `index`, `park` and `gate`, for the agent */
	_Atomic uint64_t beat[WORKERS]; /* monotonic seconds at which its request began; 0: it waits for one */
	_Atomic uint32_t tid[WORKERS];
	struct slot slots[WORKERS];
	struct root_state roots[MAX_ROOTS];
	/* The append in hand: where the ring ends with it, and the sequence before it. */
	uint64_t append_end, append_sequence;
	struct note notes[MAX_NOTES];
	/* Open handles by hash of their node: only zero is a statement, and it says "not open". */
	_Atomic uint16_t opens[OPEN_BUCKETS];
	struct activity activity;
	_Alignas(4096) unsigned char requests[WORKERS][REQUEST_BYTES];
	_Alignas(4096) struct node_index index;
	_Alignas(4096) struct park_area park;
	_Alignas(4096) struct gate_area gate;
};
_Static_assert(HELD_BYTES >= REQUEST_BYTES - REQUEST_AT, "a request fits where it waits");

/* Holder and server, both ways, over a seqpacket pair; descriptors ride along. */
enum message_type {
	MSG_STATE = 1, /* fd */
	MSG_RING,      /* fd */
	MSG_LISTEN,    /* fd */
	MSG_BELL,      /* fd */
	MSG_ROOT,      /* device fd, tree fd; value = index in state.roots, node, path there */
	MSG_ESCROW,    /* fd; value = index of root, node */
	MSG_GO,        /* all of it is there */
	MSG_UNESCROW,  /* value, node */
	MSG_GONE,      /* the kernel has let go of the root */
	MSG_DROP,      /* close the root */
	MSG_RESUME,    /* records again after a time of crashes: what happened since is a gap */
	MSG_END,       /* nothing is protected any more: exit */
	MSG_TRIPWIRE,  /* marks fd, memory fd; without them value is why there is none (errno) */
	MSG_EXPOSE,    /* value = index of root, node that has a name outside */
	MSG_SAY,       /* a pipe with a line for the agent */
	MSG_ACKS,      /* fd: rings when the agent has acknowledged */
	MSG_CALLS,     /* fd: rings when a call waits */
	MSG_ACTIVITY,  /* fd of the activity log */
	MSG_SETTLE,    /* value = index of root, node = ring sequence up to which the target has received all */
	MSG_SETTLE_NOW, /* and what is in use is settled, too */
};
struct message {
	uint32_t type, value;
	uint64_t node;
};
#endif
