/*
 * Room of identities: a node is the file handle of ext4, inode and generation in 64 bits, and that is all the server knows
 * of a file. So the next server knows as much. Longer handles are numbered by nodes.c.
 */
#include "server.h"

#define TYPE_INO32_GEN 1

static bool is_number(const struct wide_handle *wide)
{
	return wide->handle.handle_type == TYPE_INO32_GEN && wide->handle.handle_bytes == 8;
}

static int handle_at(int dir, const char *name, struct wide_handle *wide)
{
	int mount_id;
	wide->handle.handle_bytes = MAX_HANDLE_SZ;
	if (name_to_handle_at(dir, name, &wide->handle, &mount_id, name[0] == 0 ? AT_EMPTY_PATH : 0) != 0)
		return -errno;
	return 0;
}

bool node_is_indexed(int fd)
{
	struct wide_handle wide;
	return handle_at(fd, "", &wide) == 0 && !is_number(&wide);
}

uint64_t node_real(const struct worker *w, uint64_t node)
{
	return node == NODE_ROOT ? w->root->node : node;
}

uint64_t node_fuse(const struct worker *w, uint64_t node)
{
	return node == w->root->node ? NODE_ROOT : node;
}

int open_handle(int mount, struct file_handle *handle, int flags)
{
	int fd;
	for (int tries = 0; (fd = open_by_handle_at(mount, handle, flags | O_CLOEXEC)) < 0 && errno == ENOMEM && tries < 200; tries++)
		sched_yield();
	return fd;
}

int node_open(struct worker *w, uint64_t node, int flags)
{
	struct wide_handle wide;
	uint64_t real = node_real(w, node);
	if (w->root->indexed) {
		int error = nodes_get(w->root, real, &wide);
		if (error < 0)
			return error;
	} else {
		uint32_t inode = (uint32_t)real, generation = (uint32_t)(real >> 32);
		wide.handle.handle_bytes = 8;
		wide.handle.handle_type = TYPE_INO32_GEN;
		memcpy(wide.bytes, &inode, 4);
		memcpy(wide.bytes + 4, &generation, 4);
	}
	int fd = open_handle(w->root->directory, &wide.handle, flags);
	return fd >= 0 ? fd : -errno;
}

static uint64_t number_of(const struct wide_handle *wide)
{
	uint32_t inode, generation;
	memcpy(&inode, wide->bytes, 4);
	memcpy(&generation, wide->bytes + 4, 4);
	return inode | (uint64_t)generation << 32;
}

static bool fits(const struct wide_handle *wide)
{
	return wide->handle.handle_bytes <= NODE_HANDLE && (uint32_t)wide->handle.handle_type <= UINT8_MAX;
}

int node_at(int dir, const char *name, uint64_t *node)
{
	struct wide_handle wide;
	int error = handle_at(dir, name, &wide);
	if (error < 0)
		return error;
	if (!is_number(&wide) && !fits(&wide))
		return -EOPNOTSUPP;
	*node = is_number(&wide) ? number_of(&wide) : nodes_hash(&wide);
	return 0;
}

int node_meet(const struct root *root, int dir, const char *name, uint64_t *node)
{
	struct wide_handle wide;
	int error = handle_at(dir, name, &wide);
	if (error < 0)
		return error;
	if (root->indexed)
		return fits(&wide) ? nodes_add(root, &wide, node) : -EOPNOTSUPP;
	if (!is_number(&wide))
		return -EOPNOTSUPP;
	*node = number_of(&wide);
	return 0;
}

/* Name storms stay in one directory: keep the last one. A removed one is pinned until the next takes its place. */
int node_dir(struct worker *w, uint64_t node)
{
	uint64_t real = node_real(w, node);
	if (w->dir_fd >= 0 && w->dir_root == w->root && w->dir_node == real)
		return w->dir_fd;
	int fd = node_open(w, node, O_PATH | O_DIRECTORY);
	if (fd < 0)
		return fd;
	if (w->dir_fd >= 0)
		close(w->dir_fd);
	w->dir_fd = fd;
	w->dir_node = real;
	w->dir_root = w->root;
	return fd;
}

void node_dir_forget(struct worker *w, uint64_t node)
{
	if (w->dir_fd < 0 || (node != 0 && w->dir_node != node))
		return;
	close(w->dir_fd);
	w->dir_fd = -1;
}
