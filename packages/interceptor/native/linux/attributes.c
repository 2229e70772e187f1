/* Room of attributes: struct stat as the kernel's FUSE side wants it. */
#include "server.h"
#include <sys/sysmacros.h>

static uint32_t device_number(dev_t dev)
{
	uint32_t low = minor(dev);
	return (low & 0xff) | (major(dev) << 8) | ((low & ~0xffu) << 12);
}

/*
 * The subvolumes of btrfs each count inodes from the start; beneath our mount all have one device, so the numbers must
 * differ. They stay below 2^53, which more programs than one take for granted.
 */
uint64_t inode_of(const struct worker *w, uint64_t inode, dev_t device)
{
	return device == w->root->on ? inode : inode ^ (device * 0x9e3779b97f4a7c15ull >> 11 & ~0xffffffffull);
}

void attributes_of(const struct worker *w, const struct stat *st, struct fuse_attr *attr)
{
	memset(attr, 0, sizeof(*attr));
	attr->ino = inode_of(w, st->st_ino, st->st_dev);
	attr->size = (uint64_t)st->st_size;
	attr->blocks = (uint64_t)st->st_blocks;
	attr->atime = (uint64_t)st->st_atim.tv_sec;
	attr->mtime = (uint64_t)st->st_mtim.tv_sec;
	attr->ctime = (uint64_t)st->st_ctim.tv_sec;
	attr->atimensec = (uint32_t)st->st_atim.tv_nsec;
	attr->mtimensec = (uint32_t)st->st_mtim.tv_nsec;
	attr->ctimensec = (uint32_t)st->st_ctim.tv_nsec;
	attr->mode = st->st_mode;
	attr->nlink = (uint32_t)st->st_nlink;
	attr->uid = st->st_uid;
	attr->gid = st->st_gid;
	attr->rdev = device_number(st->st_rdev);
	attr->blksize = (uint32_t)st->st_blksize;
}

void entry_of(struct worker *w, uint64_t node, const struct stat *st, struct fuse_entry_out *out)
{
	memset(out, 0, sizeof(*out));
	out->nodeid = node_fuse(w, node);
	out->generation = node >> 32;
	out->entry_valid = out->attr_valid = FOREVER;
	attributes_of(w, st, &out->attr);
}

int stat_fd(int fd, struct stat *st)
{
	return fstatat(fd, "", st, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) == 0 ? 0 : -errno;
}

int stat_at(int dir, const char *name, struct stat *st)
{
	return fstatat(dir, name, st, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : -errno;
}

struct timespec mtime_of(int fd)
{
	struct stat st;
	struct timespec none = { 0, 0 };
	return stat_fd(fd, &st) == 0 ? st.st_mtim : none;
}
