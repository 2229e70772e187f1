/*
 * Room of identities: each worker acts as the caller, so that new files get his owner and the reserve of the file system
 * is his or not. Permissions were checked by the kernel (default_permissions), so all capabilities stay up, but for two:
 * FSETID is lowered where setuid bits must fall, SYS_RESOURCE for anyone but root.
 */
#include "server.h"
#include <linux/capability.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/prctl.h>

#define RAISED_FOR_IO_FLUSHER 57 /* PR_SET_IO_FLUSHER */

void credentials_start(struct worker *w)
{
	/* A mask and groups of this thread's own. Groups are empty: FSETID decides wherever they would. */
	(void)unshare(CLONE_FS);
	(void)syscall(SYS_setgroups, 0, NULL);
	(void)prctl(RAISED_FOR_IO_FLUSHER, 1, 0, 0, 0);
	umask(0);
	w->umask = 0;
	w->uid = w->gid = 0;
	w->keep_fsetid = true;
}

static void set_capabilities(uint32_t uid, bool keep_fsetid)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];
	if (syscall(SYS_capget, &header, data) != 0)
		return;
	data[0].effective = data[0].permitted;
	data[1].effective = data[1].permitted;
	if (!keep_fsetid)
		data[0].effective &= ~(1u << CAP_FSETID);
	if (uid != 0)
		data[0].effective &= ~(1u << CAP_SYS_RESOURCE);
	(void)syscall(SYS_capset, &header, data);
}

void credentials_take(struct worker *w, bool kill_suidgid)
{
	uint32_t uid = w->in->uid, gid = w->in->gid;
	/* The kernel itself asks (write-back, forget) with no identity. */
	if (uid == UINT32_MAX)
		uid = 0;
	if (gid == UINT32_MAX)
		gid = 0;
	if (uid == w->uid && gid == w->gid && w->keep_fsetid == !kill_suidgid)
		return;
	if (gid != w->gid)
		(void)syscall(SYS_setfsgid, gid);
	if (uid != w->uid)
		(void)syscall(SYS_setfsuid, uid);
	set_capabilities(uid, !kill_suidgid);
	w->uid = uid;
	w->gid = gid;
	w->keep_fsetid = !kill_suidgid;
}

void credentials_umask(struct worker *w, uint32_t mask)
{
	if (mask == w->umask)
		return;
	umask(mask & 0777);
	w->umask = mask;
}
