/* What the rooms of undoing offer: undo.c takes what it needs before a call, undo_back.c puts it back. */
#ifndef UNDO_H
#define UNDO_H
#include "server.h"

bool undo_concerns(uint32_t opcode);
void undo_prepare(struct worker *w, struct parked *p);
void undo_settle(const struct worker *w, struct parked *p);   /* it stands: what was kept aside goes */
bool undo_put_back(struct worker *w, struct parked *p);       /* false: it could not be; then what differs is noted */
bool undo_shares(const struct parked *a, const struct parked *b);
void undo_forget_image(uint32_t place);
unsigned char *undo_image(const struct parked *p);
#endif
