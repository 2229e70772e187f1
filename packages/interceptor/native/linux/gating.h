/* What the gate offers: to the workers before a call is executed, to the parked before it is answered. */
#ifndef GATING_H
#define GATING_H
#include "server.h"

enum gate_view { GATE_PASSES, GATE_WAITS, GATE_REFUSES };

enum gate_view gate_look(uint32_t index);
/* To be asked only where the mode is another than GATE_OPEN. False: the call is answered, or waits in the table. */
bool gate_enter(struct worker *w);
bool gate_take(struct worker *w); /* one that waited is in the worker's buffer, and no longer in the table */
bool gate_readable(const struct worker *w); /* waits for a moment */
void gate_let_dying_go(bool (*is_dying)(uint32_t tid));
void gate_spoil_reply(uint32_t opcode, unsigned char *reply, uint32_t *length);
void gate_repair(void); /* once, before the workers start */
void gate_drop_root(uint32_t index);
void gate_root_begins(uint32_t index, uint32_t id);

static inline const struct gate_root *gate_of(const struct worker *w)
{
	return &state->gate.roots[w->root - roots];
}
#endif
