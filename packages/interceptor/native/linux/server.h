/* What the rooms of the server (fsid) share: the worker with its request, the draft of a record, and who offers what. */
#ifndef SERVER_H
#define SERVER_H
#define _GNU_SOURCE 1
#include "fuse7.h"
#include "layout.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FOREVER 86400u /* seconds names and attributes stay valid: nobody else changes them */
#define SCRATCH_ROOM (65536 + 4096)
#define NODE_ROOT ((uint64_t)FUSE_ROOT_ID)

/* Verbs and flags of the record; the numbers are those of packages/wire/src/replication/record.ts. */
enum verb {
	VERB_CREATE = 1, VERB_MKDIR, VERB_SYMLINK, VERB_MKNOD, VERB_LINK, VERB_UNLINK, VERB_RMDIR, VERB_RENAME, VERB_WRITE,
	VERB_TRUNCATE, VERB_FALLOCATE, VERB_SETATTR, VERB_SETXATTR, VERB_REMOVEXATTR, VERB_TMPFILE,
	VERB_FORGET = 46, VERB_DIRTY = 64, VERB_GAP = 65, VERB_COOKIE = 66,
};
/* Detail of VERB_DIRTY: DirtyCause there. */
enum note_why { NOTE_RING_FULL, NOTE_DISK_ERROR, NOTE_PAST_THE_MOUNT, NOTE_TAKEN_BACK };
#define RECORD_HEADER 168
#define FLAG_MODE_CHANGED 1
#define FLAG_MAPPED 2
#define SET_MODE 1u
#define SET_UID 2u
#define SET_GID 4u
#define SET_ATIME 8u
#define SET_MTIME 16u

struct draft {
	uint8_t verb, flags;
	uint16_t name_length, name2_length;
	uint32_t victim_nlink, detail, data_length;
	uint64_t node, parent, parent2, victim, offset, extent;
	struct stat attributes;
	struct timespec parent_mtime, parent2_mtime;
	const char *name, *name2;
	const void *data;
	/*
	 * A descriptor + 1 whose attributes are taken once more as the record goes in, 0: none. Write-back of a mapping is not
	 * under the inode's lock: two calls may end in one order and be recorded in the other, and the last record must hold the
	 * newest times.
	 */
	int fresh;
};

#define MAX_DRAFTS 3

struct root {
	_Atomic int active; /* 0: the kernel has let go of it, or it was never here */
	int device, tree, directory; /* /dev/fuse, the private view (O_PATH), the same opened for syncfs */
	uint64_t node;
	bool indexed; /* its handles are longer than a node number: nodes.c */
	dev_t on;     /* device of the directory; btrfs has others beneath it */
	struct root_state *state;
};

struct worker {
	int index;
	bool again; /* this request may have been executed by a server that died */
	struct slot *slot;
	struct counter *counter;
	struct fuse_in_header *in;
	const void *arg; /* behind the header */
	size_t arg_length;
	unsigned char *out; /* page aligned, for READ and READDIR */
	char *scratch;
	struct root *root;
	_Atomic int running;
	uint32_t uid, gid, umask;
	bool keep_fsetid;
	bool undo_locked; /* nothing of its root is undone meanwhile */
	struct draft drafts[MAX_DRAFTS];
	int draft_count;
	int dir_fd; /* the directory used last */
	uint64_t dir_node;
	struct root *dir_root;
};

extern struct state *state;
extern struct ring_header *ring;
extern unsigned char *ring_data;
extern struct root roots[MAX_ROOTS];
extern struct worker workers[WORKERS];
extern int bell_fd, listen_fd, ring_fd, state_fd, proc_fd;
extern int acks_fd, calls_fd; /* the agent has acknowledged; a call waits */

/* Only in the build of the crash test: one time in CRASH_POINTS the server dies here, as by kill -9. */
#ifdef CRASH_POINTS
#define CRASH_POINT() crash_point()
void crash_point(void);
#else
#define CRASH_POINT() ((void)0)
#endif

/* reply.c */
void reply_data(struct worker *w, const void *body, size_t length);
void reply_error(struct worker *w, int error); /* positive errno */
void begin(struct worker *w);                  /* a modifying call starts */
void commit(struct worker *w, const void *body, size_t length); /* it succeeded: records, then answer */
void commit_partly(struct worker *w, int error); /* some of it succeeded: records, then the error */
void refuse(struct worker *w, int error);      /* it failed: answer */
void doubt(struct worker *w, uint64_t node);   /* what was done of it nobody knows: it is compared */
void record_alone(struct worker *w); /* the drafts, where nobody waits for an answer */
void send_stored(struct worker *w);
void answer_found(struct worker *w);           /* what a dead server had stored */
void answer_synced(struct worker *w);          /* fsync succeeded; in the synchronous mode what came before must be acknowledged */
struct draft *draft(struct worker *w, enum verb verb);

/* park.c: calls that wait for the target */
void park_before(struct worker *w); /* around a call that may change something */
void park_after(struct worker *w);
bool park_answer(struct worker *w); /* true: somebody else sends the answer that is in the slot */
void park_interrupted(void);
struct parked *park_prepared(const struct worker *w);
void park_repair(void); /* once, before the workers start */
void park_start(void);
void park_drop_root(uint32_t index);
void park_root_begins(uint32_t index, uint32_t id); /* these are the holder's */
bool park_make_bells(void);
void park_announce(void);

/* undo.c: within the operations that take names away. They do what the system call does where nothing is to be kept. */
void undo_complete(struct worker *w);
int undo_unlink(const struct worker *w, int dir, const char *name, int flags);
int undo_displace(const struct worker *w, int dir, const char *name, bool is_directory);
bool undo_displaced(const struct worker *w);
void undo_failed(const struct worker *w, int dir, const char *name);
nlink_t undo_nlink(const struct worker *w, nlink_t links);

/* ring.c */
void ring_append(struct worker *w); /* the drafts, all or none */
void ring_note(struct root *root, uint64_t node, enum note_why why); /* the ring does not tell what was done to it */
void ring_gap(struct root *root);
void ring_flush_notes(void);
void ring_repair(void); /* once, before the workers start */
size_t record_encode(unsigned char *at, const struct draft *d, uint16_t root_id, uint64_t sequence);

/* nodes.c: handles longer than a node number */
struct wide_handle {
	struct file_handle handle;
	unsigned char bytes[MAX_HANDLE_SZ];
};
uint64_t nodes_hash(const struct wide_handle *wide);
int nodes_add(const struct root *root, const struct wide_handle *wide, uint64_t *node); /* -errno */
int nodes_get(const struct root *root, uint64_t node, struct wide_handle *wide);        /* -ESTALE: nobody has it */
void nodes_doom(const struct root *root, uint64_t node, bool doomed);
void nodes_forget(const struct root *root, uint64_t node);
void nodes_drop_root(const struct root *root);
void nodes_repair(void); /* once, before the workers start */

/* node.c: identities, descriptors */
/*
 * -1 and errno. The kernel says ENOMEM, too, while the number in the handle is being given to a new file (iget_locked meets an inode that is
 * not made yet): that takes microseconds, and looked at again it is ESTALE, which the application's kernel looks up anew.
 */
int open_handle(int mount, struct file_handle *handle, int flags);
int node_open(struct worker *w, uint64_t node, int flags); /* -errno */
int node_dir(struct worker *w, uint64_t node);             /* borrowed; -errno */
void node_dir_forget(struct worker *w, uint64_t node);
int node_at(int dir, const char *name, uint64_t *node); /* the number alone. name "" = dir itself; -errno */
int node_meet(const struct root *root, int dir, const char *name, uint64_t *node); /* and from now on it can be opened by it */
bool node_is_indexed(int fd);
uint64_t node_real(const struct worker *w, uint64_t node); /* FUSE's 1 becomes the root's identity */
uint64_t node_fuse(const struct worker *w, uint64_t node);

/* late.c: what has just lost its last name */
void late_keep(const struct root *root, uint64_t node, int fd); /* takes fd */
bool late_is_kept(const struct root *root, uint64_t node);
void late_drop(const struct root *root); /* of that root (NULL: of none), and whatever is old */

/* handles.c: file handles over a crash, open counts */
uint64_t handle_make(int fd, uint32_t flags);
int handle_flags(uint32_t flags);
int handle_fd(struct worker *w, uint64_t fh, uint64_t node); /* borrowed; -errno */
void handle_release(uint64_t fh);
void opens_add(struct worker *w, uint64_t node);
void opens_remove(struct worker *w, uint64_t node);
bool opens_maybe(uint64_t node);

/* escrow.c */
void escrow_keep(struct worker *w, uint64_t node, int path_fd); /* takes no ownership */
void escrow_adopt(uint32_t root, uint64_t node, int fd);        /* takes fd */
bool escrow_nameless(struct worker *w, uint64_t node); /* it is kept, and has no name */
void escrow_drop(struct worker *w, uint64_t node);
void escrow_drop_root(uint32_t root);
void escrow_send_all(int socket);

/* credentials.c */
void credentials_start(struct worker *w);
void credentials_take(struct worker *w, bool kill_suidgid);
void credentials_umask(struct worker *w, uint32_t mask);

/* attributes.c */
void attributes_of(const struct worker *w, const struct stat *st, struct fuse_attr *attr);
uint64_t inode_of(const struct worker *w, uint64_t inode, dev_t device);
void entry_of(struct worker *w, uint64_t node, const struct stat *st, struct fuse_entry_out *out);
int stat_fd(int fd, struct stat *st);
int stat_at(int dir, const char *name, struct stat *st);
struct timespec mtime_of(int fd);

/* ops_file.c */
bool is_write_back(const struct worker *w);
/* O_SYNC, O_DSYNC: behind any other write of theirs the kernel calls fsync, behind an asynchronous direct one it does not. */
bool is_durable_write(const struct worker *w);

/* operations */
void op_init(struct worker *w);
void op_lookup(struct worker *w);
void op_forget(struct worker *w);
void op_batch_forget(struct worker *w);
void op_create(struct worker *w);
void op_mkdir(struct worker *w);
void op_mknod(struct worker *w);
void op_symlink(struct worker *w);
void op_link(struct worker *w);
void op_tmpfile(struct worker *w);
void op_unlink(struct worker *w);
void op_rmdir(struct worker *w);
void op_rename(struct worker *w);
void op_rename2(struct worker *w);
void op_open(struct worker *w);
void op_release(struct worker *w);
void op_read(struct worker *w);
void op_write(struct worker *w);
void op_fsync(struct worker *w);
void op_fallocate(struct worker *w);
void op_lseek(struct worker *w);
void op_getattr(struct worker *w);
void op_setattr(struct worker *w);
void op_statx(struct worker *w);
void op_statfs(struct worker *w);
void op_syncfs(struct worker *w);
void op_readlink(struct worker *w);
void op_fsyncdir(struct worker *w);
void op_readdir(struct worker *w);
void op_readdirplus(struct worker *w);
void op_setxattr(struct worker *w);
void op_getxattr(struct worker *w);
void op_listxattr(struct worker *w);
void op_removexattr(struct worker *w);

/* audit.c */
bool audit_takes(struct worker *w); /* the request is about the audit's name, and answered */

/* worker.c, fsid.c */
void *worker_run(void *worker);
void worker_alive(struct worker *w); /* the holder kills whom it does not hear of */
void dispatch(struct worker *w);
extern _Atomic int holder_fd;
void root_gone(struct root *root);

#define TRIPWIRE_THREAD "fsid-tripwire" /* the holder knows it by this */
/* tripwire.c: hears of what changes a protected file past the mount */
void tripwire_adopt(const int *fds); /* marks and memory of the server before */
void tripwire_send(int socket);
void tripwire_before_work(void);
void tripwire_root_added(uint32_t index);
void tripwire_root_removed(uint32_t index);
void tripwire_expose(uint32_t index, uint64_t node);

/* link.c: messages with descriptors, and starting each other */
int link_send(int socket, const struct message *m, const int *fds, int count);
void link_send_basics(int socket); /* the descriptors that holder and server both have */
int link_receive(int socket, struct message *m, int *fds, int *count); /* 1 message, 0 end, -1 error */
int link_start(const char *role, const char *name, pid_t *pid); /* /proc/self/exe in that role; its socket, or -1 */
int fsid_main(int socket);
int holder_main(const char *directory, uint64_t ring_bytes, bool blocking, uint64_t generation);
int holder_service(const char *directory, uint64_t ring_bytes, bool blocking, uint64_t generation);
int holder_takeover(int socket);
int mount_main(int argc, char **argv);
int mount_tree_main(int argc, char **argv);
int unmount_main(const char *path, bool lazily);
int sample_main(void);
int audit_main(void);
int neighbour_main(const char *verb, const char *interface, const char *text);
int enter_memory(int fd, bool is_ring); /* maps state or ring */
#endif
