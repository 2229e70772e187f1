/*
 * Room of identities: a node is the file handle of ext4, inode and generation in 64 bits, and that is all the server knows
 * of a file. So the next server knows as much.
 */
#include "server.h"

#define TYPE_INO32_GEN 1

struct wide_handle {
	struct file_handle handle;
	unsigned char bytes[MAX_HANDLE_SZ];
};

uint64_t node_real(const struct worker *w, uint64_t node)
{
	return node == NODE_ROOT ? w->root->node : node;
}

uint64_t node_fuse(const struct worker *w, uint64_t node)
{
	return node == w->root->node ? NODE_ROOT : node;
}

int node_open(struct worker *w, uint64_t node, int flags)
{
	struct wide_handle wide;
	uint64_t real = node_real(w, node);
	uint32_t inode = (uint32_t)real, generation = (uint32_t)(real >> 32);
	wide.handle.handle_bytes = 8;
	wide.handle.handle_type = TYPE_INO32_GEN;
	memcpy(wide.bytes, &inode, 4);
	memcpy(wide.bytes + 4, &generation, 4);
	int fd = open_by_handle_at(w->root->directory, &wide.handle, flags | O_CLOEXEC);
	return fd >= 0 ? fd : -errno;
}

int node_at(int dir, const char *name, uint64_t *node)
{
	struct wide_handle wide;
	int mount_id;
	uint32_t inode, generation;
	wide.handle.handle_bytes = MAX_HANDLE_SZ;
	if (name_to_handle_at(dir, name, &wide.handle, &mount_id, name[0] == 0 ? AT_EMPTY_PATH : 0) != 0)
		return -errno;
	if (wide.handle.handle_type != TYPE_INO32_GEN || wide.handle.handle_bytes != 8)
		return -EOPNOTSUPP;
	memcpy(&inode, wide.bytes, 4);
	memcpy(&generation, wide.bytes + 4, 4);
	*node = inode | (uint64_t)generation << 32;
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
