/*
 * Room of the worker: takes one request at a time into its buffer in the state memory, so that a request in hand outlives
 * this process, and hands it to its operation. The next server's worker of the same number finishes what it finds there.
 */
#include "gating.h"
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#define ATTEMPTS 4

static uint64_t seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec;
}

void worker_alive(struct worker *w)
{
	state->beat[w->index] = seconds();
}

void op_init(struct worker *w)
{
	const struct fuse_init_in *in = w->arg;
	struct init_out out;
	uint64_t offered = in->flags, wanted;
	if (w->arg_length >= 64 && (in->flags & FUSE_INIT_EXT))
		offered |= (uint64_t)((const uint32_t *)w->arg)[4] << 32;
	wanted = FUSE_ASYNC_READ | FUSE_PARALLEL_DIROPS | FUSE_ATOMIC_O_TRUNC | FUSE_BIG_WRITES | FUSE_DONT_MASK |
		 FUSE_DO_READDIRPLUS | FUSE_READDIRPLUS_AUTO | FUSE_ASYNC_DIO | FUSE_NO_OPENDIR_SUPPORT |
		 FUSE_HANDLE_KILLPRIV_V2 | FUSE_POSIX_ACL | FUSE_ABORT_ERROR | FUSE_MAX_PAGES | FUSE_CACHE_SYMLINKS |
		 FUSE_EXPLICIT_INVAL_DATA | FUSE_SETXATTR_EXT | FUSE_INIT_EXT | FUSE_HAS_RESEND | FUSE_EXPORT_SUPPORT |
		 FUSE_DIRECT_IO_ALLOW_MMAP;
	wanted &= offered;
	memset(&out, 0, sizeof(out));
	out.major = FUSE_KERNEL_VERSION;
	out.minor = SERVER_MINOR;
	out.max_readahead = in->max_readahead < MAX_WRITE ? in->max_readahead : MAX_WRITE;
	out.flags = (uint32_t)wanted;
	out.flags2 = (uint32_t)(wanted >> 32);
	out.max_background = 64;
	out.congestion_threshold = 48;
	out.max_write = MAX_WRITE;
	out.time_gran = 1;
	out.max_pages = MAX_WRITE / 4096;
	w->root->state->flags = wanted;
	w->root->state->minor = in->minor;
	if (in->major != FUSE_KERNEL_VERSION || in->minor < 31)
		return reply_error(w, EPROTO);
	reply_data(w, &out, sizeof(out));
	w->root->state->ready = 1;
}

typedef void (*operation)(struct worker *);
static const struct { operation run; uint16_t least; } operations[] = {
	[FUSE_LOOKUP] = { op_lookup, 1 }, [FUSE_FORGET] = { op_forget, 0 }, [FUSE_GETATTR] = { op_getattr, 16 },
	[FUSE_SETATTR] = { op_setattr, sizeof(struct fuse_setattr_in) }, [FUSE_READLINK] = { op_readlink, 0 },
	[FUSE_SYMLINK] = { op_symlink, 2 }, [FUSE_MKNOD] = { op_mknod, 17 }, [FUSE_MKDIR] = { op_mkdir, 9 },
	[FUSE_UNLINK] = { op_unlink, 1 }, [FUSE_RMDIR] = { op_rmdir, 1 }, [FUSE_RENAME] = { op_rename, 10 },
	[FUSE_LINK] = { op_link, 9 }, [FUSE_OPEN] = { op_open, 8 }, [FUSE_READ] = { op_read, 40 },
	[FUSE_WRITE] = { op_write, 40 }, [FUSE_STATFS] = { op_statfs, 0 }, [FUSE_RELEASE] = { op_release, 24 },
	[FUSE_FSYNC] = { op_fsync, 16 }, [FUSE_SETXATTR] = { op_setxattr, 9 }, [FUSE_GETXATTR] = { op_getxattr, 9 },
	[FUSE_LISTXATTR] = { op_listxattr, 8 }, [FUSE_REMOVEXATTR] = { op_removexattr, 1 }, [FUSE_INIT] = { op_init, 16 },
	[FUSE_READDIR] = { op_readdir, 40 }, [FUSE_FSYNCDIR] = { op_fsyncdir, 16 }, [FUSE_CREATE] = { op_create, 17 },
	[FUSE_BATCH_FORGET] = { op_batch_forget, 8 }, [FUSE_FALLOCATE] = { op_fallocate, 32 },
	[FUSE_READDIRPLUS] = { op_readdirplus, 40 }, [FUSE_RENAME2] = { op_rename2, 18 }, [FUSE_LSEEK] = { op_lseek, 24 },
	[OP_SYNCFS] = { op_syncfs, 0 }, [OP_TMPFILE] = { op_tmpfile, 16 }, [OP_STATX] = { op_statx, 24 },
};

void dispatch(struct worker *w)
{
	uint32_t opcode = w->in->opcode;
	w->arg = w->in + 1;
	w->arg_length = w->in->len - sizeof(*w->in);
	if (opcode == FUSE_INTERRUPT)
		return park_interrupted(); /* every other call ends by itself; an answer is not expected */
	if (opcode == FUSE_DESTROY || audit_takes(w))
		return;
	if (opcode >= sizeof(operations) / sizeof(operations[0]) || operations[opcode].run == NULL)
		return reply_error(w, ENOSYS); /* flush, opendir, access, copy_file_range, locks, ioctl: the kernel does without */
	if (w->arg_length < operations[opcode].least)
		return reply_error(w, EINVAL);
	if (gate_of(w)->mode != GATE_OPEN && !gate_enter(w))
		return;
	park_before(w);
	operations[opcode].run(w);
	park_after(w);
}

static void clear(struct worker *w)
{
	activity_leave(w);
	w->in->len = 0;
	atomic_signal_fence(memory_order_seq_cst);
	w->slot->phase = PHASE_READING;
	w->slot->flags = w->slot->attempts = 0;
	w->slot->end = w->slot->sequence = 0;
	w->slot->park = 0;
	w->again = false;
	state->beat[w->index] = 0;
}

static void serve(struct worker *w)
{
	worker_alive(w);
	CRASH_POINT();
	dispatch(w);
	CRASH_POINT();
	clear(w);
}

/* False once the kernel has let go of the root. */
static bool serve_one(struct worker *w)
{
	ssize_t n = read(w->root->device, w->in, REQUEST_BYTES - REQUEST_AT - 1);
	if (n < (ssize_t)sizeof(*w->in)) {
		w->in->len = 0;
		if (n >= 0 || errno == EINTR || errno == ENOENT || errno == EAGAIN)
			return true;
		root_gone(w->root); /* ENODEV: unmounted; ECONNABORTED: by way of /sys/fs/fuse */
		return false;
	}
	serve(w);
	return true;
}

/* What waits at the gate and may pass now comes first. */
static bool serve_next(struct worker *w)
{
	if (gate_of(w)->waiting == 0)
		return serve_one(w);
	if (gate_take(w))
		return serve(w), true;
	return !gate_readable(w) || serve_one(w);
}

static void finish_found(struct worker *w)
{
	struct slot *slot = w->slot;
	if (w->in->len >= sizeof(*w->in) && w->in->len <= REQUEST_BYTES - REQUEST_AT) {
		slot->attempts++;
		w->again = slot->phase == PHASE_EXECUTING;
		if (slot->phase == PHASE_READY)
			answer_found(w);
		else if (slot->attempts <= ATTEMPTS)
			dispatch(w);
		else {
			/* It kills every server: the caller gets an error, and what it may have done is in doubt. */
			ring_gap(w->root);
			refuse(w, EIO);
		}
	}
	w->counter->done = w->counter->begun;
	clear(w);
}

void *worker_run(void *argument)
{
	struct worker *w = argument;
	credentials_start(w);
	state->tid[w->index] = (uint32_t)syscall(SYS_gettid);
	worker_alive(w);
	finish_found(w);
	while (serve_next(w))
		;
	w->running = 0;
	return NULL;
}
