/*
 * Room of the tripwire's queue: what the marks have heard, read piece by piece into memory that outlives the server, so that the
 * next one goes on with the event at which this one died. What our own servers did is told by their process.
 */
#include "tripwire.h"
#include <poll.h>
#include <sys/prctl.h>

#define NAP_MS 20     /* after each batch: what is written in a burst arrives as one */
#define DUE_MS 200    /* how often what was held back is looked at */
#define BATCH_TRIES 4 /* servers that may die over one event */

void queue_mine(void)
{
	struct tripwire_memory *m = tripwire_memory();
	uint32_t own = (uint32_t)getpid();
	for (int i = 0; i < OWN_PIDS; i++)
		if (m->own[i].pid != 0 && !m->own[i].dead) {
			if (m->own[i].pid == own)
				return;
			m->own[i].dead = 1;
		}
	uint32_t at = m->next_pid++ % OWN_PIDS;
	m->own[at].pid = own;
	m->own[at].dead = 0;
}

/* What the dead did came into the queue before they were dead: once it is empty nothing of theirs comes any more. */
static void forget_dead(int group)
{
	struct tripwire_memory *m = tripwire_memory();
	struct pollfd waiting = { group, POLLIN, 0 };
	if (poll(&waiting, 1, 0) != 0)
		return;
	for (int i = 0; i < OWN_PIDS; i++)
		if (m->own[i].dead)
			m->own[i].pid = m->own[i].dead = 0;
}

static bool is_own(pid_t pid)
{
	const struct tripwire_memory *m = tripwire_memory();
	if (pid == getpid())
		return true;
	for (int i = 0; i < OWN_PIDS; i++)
		if (m->own[i].pid != 0 && m->own[i].pid == (uint32_t)pid)
			return true;
	return false;
}

static void copy_handle(struct wide_handle *to, const struct file_handle *from)
{
	if (from->handle_bytes > MAX_HANDLE_SZ)
		return;
	to->handle = *from;
	memcpy(to->bytes, from->f_handle, from->handle_bytes);
}

static void take_info(struct trip *trip, const struct fanotify_event_info_header *header)
{
	const struct fanotify_event_info_fid *info = (const void *)header;
	const struct file_handle *handle = (const void *)info->handle;
	if (header->info_type != FAN_EVENT_INFO_TYPE_FID && header->info_type != FAN_EVENT_INFO_TYPE_DFID &&
	    header->info_type != FAN_EVENT_INFO_TYPE_DFID_NAME)
		return;
	memcpy(&trip->fs, &info->fsid, sizeof(trip->fs));
	if (header->info_type == FAN_EVENT_INFO_TYPE_FID) {
		copy_handle(&trip->child, handle);
		return;
	}
	copy_handle(&trip->directory, handle);
	if (header->info_type == FAN_EVENT_INFO_TYPE_DFID_NAME)
		trip->name = (const char *)handle->f_handle + handle->handle_bytes;
}

static void take(const struct fanotify_event_metadata *event)
{
	struct trip trip = { .mask = event->mask, .pid = event->pid, .name = "" };
	const char *at = (const char *)event + event->metadata_len, *end = (const char *)event + event->event_len;
	if (event->mask & FAN_Q_OVERFLOW)
		return tripwire_lost_some();
	if (is_own(event->pid))
		return;
	while (at + sizeof(struct fanotify_event_info_header) <= end) {
		const struct fanotify_event_info_header *header = (const void *)at;
		if (header->len < sizeof(*header))
			break;
		take_info(&trip, header);
		at += header->len;
	}
	judge(&trip);
}

/* Also what the server before had read when it died. */
static void take_batch(void)
{
	struct tripwire_memory *m = tripwire_memory();
	for (;;) {
		const struct fanotify_event_metadata *event = (const void *)(m->batch + m->batch_at);
		if (m->batch_at >= BATCH_BYTES || !FAN_EVENT_OK(event, (ssize_t)(BATCH_BYTES - m->batch_at)))
			break;
		if (m->batch_tries++ < BATCH_TRIES)
			take(event);
		else
			tripwire_lost_some();
		m->batch_at += event->event_len;
		m->batch_tries = 0;
	}
}

static ssize_t read_batch(int group)
{
	struct tripwire_memory *m = tripwire_memory();
	memset(m->batch, 0, BATCH_BYTES);
	m->batch_at = 0;
	return read(group, m->batch, BATCH_BYTES);
}

void *queue_listen(void *unused)
{
	const int group = tripwire_open();
	struct timespec nap = { 0, NAP_MS * 1000000 };
	ssize_t n = 0;
	(void)unused;
	(void)prctl(PR_SET_NAME, TRIPWIRE_THREAD, 0, 0, 0);
	for (;;) {
		tripwire_enter();
		take_batch();
		forget_dead(group);
		judge_due();
		tripwire_leave();
		if (n < BATCH_BYTES / 2)
			nanosleep(&nap, NULL);
		struct pollfd ready = { group, POLLIN, 0 };
		(void)poll(&ready, 1, judge_pending() ? DUE_MS : -1);
		n = read_batch(group);
	}
	return NULL;
}
