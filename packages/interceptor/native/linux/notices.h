/* What the server may say to the kernel without being asked. `number` is the kernel's own for a node: 1 for the root's directory. */
#ifndef NOTICES_H
#define NOTICES_H
#include <stdbool.h>
#include <stdint.h>

/* False: the mount does not know the file, so it has nothing of it either. */
bool notice_attributes(int root, uint64_t number); /* never waits */
/* Attributes and pages. Waits for readers whose pages are under way, so that a worker, who may have to serve them, must not call it. */
bool notice_pages(int root, uint64_t number);
void notice_pages_soon(int root, uint64_t number); /* the same, by somebody else: for workers */
void notice_name(int root, uint64_t directory, const char *name); /* waits for whoever has the directory locked */
#endif
