/*
 * What the gate keeps in the state memory: of each root whether calls that change something may pass, and the requests that wait
 * for it to open. It outlives the server and the holder; the next server finds who waits.
 *
 * The agent reads and writes the roots' part by offset: the driver's write-gate.ts holds the same numbers.
 */
#ifndef GATE_H
#define GATE_H
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define HELD_MAX 512
/* Header and data of the largest request, in whole pages. */
#define HELD_BYTES ((1u << 20) + 8192)

enum gate_mode {
	GATE_OPEN = 0,
	GATE_LEASED = 1, /* open before `until`; later calls wait */
	GATE_SHUT = 2,   /* another server writes: EROFS */
};

struct gate_root {
	/* 0: written by the agent, both copies: nanoseconds of CLOCK_BOOTTIME. */
	_Atomic uint64_t until, until2;
	/* 16: written by the agent */
	_Atomic uint32_t mode;
	/* 20: number of the root, 0: none */
	_Atomic uint32_t id;
	/* 24: requests that wait before they are executed */
	_Atomic uint32_t waiting;
	uint32_t pad;
	_Atomic uint64_t refused; /* calls answered EROFS */
	uint64_t pad2[3];
};
_Static_assert(sizeof(struct gate_root) == 64, "gate root layout");

enum held_phase {
	HELD_FREE = 0,
	HELD_FILLING, /* its worker has the request as well */
	HELD_WAITING,
	HELD_TAKEN,   /* it is being moved to a worker, or answered */
};

struct held_call {
	_Atomic uint32_t phase;
	uint32_t root, id; /* index and number of the root */
	uint32_t tid, length, pad;
	uint64_t unique;
};

struct gate_area {
	_Atomic uint32_t begin; /* written by the agent: the mode with which a root begins, so that nothing comes before it */
	_Atomic uint32_t held;  /* in the table */
	uint64_t pad[7];
	struct gate_root roots[128]; /* 64 bytes behind the beginning */
	struct held_call calls[HELD_MAX];
	_Alignas(4096) unsigned char requests[HELD_MAX][HELD_BYTES];
};
_Static_assert(offsetof(struct gate_area, roots) == 64, "gate area layout");
#endif
