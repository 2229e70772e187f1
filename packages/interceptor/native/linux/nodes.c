/*
 * Room of the node index: where file handles are longer than a node number (XFS, btrfs, tmpfs), which handle a number means.
 * The number is a hash of the handle, so it is the same in every server and after a boot; two handles of one hash take the
 * next free number. The table lies in the state memory, grows by one bucket an entry and survives a death at any
 * instruction: `turn` is odd while a change is in hand, and whoever finds it odd links all entries anew. The agent reads it
 * too (src/fuse/node-index.ts), so its layout is a format.
 */
#include "server.h"
#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define FENCE() atomic_signal_fence(memory_order_seq_cst) /* against the compiler: only this process dies, never the machine */

static uint32_t mix(uint32_t x)
{
	x ^= x >> 16;
	x *= 0x85ebca6bu;
	x ^= x >> 13;
	x *= 0xc2b2ae35u;
	return x ^ x >> 16;
}

/* One to one: two handles that differ in one part only never meet. */
static void stir(uint32_t *low, uint32_t *high)
{
	*high ^= mix(*low + 0x9e3779b9u);
	*low ^= mix(*high + 0x7f4a7c15u);
	*high ^= mix(*low + 0xf39cc060u);
	*low ^= mix(*high + 0x106aa070u);
}

static uint64_t valid(uint64_t node)
{
	return node <= NODE_ROOT ? NODE_ROOT + 1 : node;
}

uint64_t nodes_hash(const struct wide_handle *wide)
{
	uint32_t low = (uint32_t)wide->handle.handle_type, high = wide->handle.handle_bytes, words[2];
	for (uint32_t at = 0; at < wide->handle.handle_bytes; at += 8) {
		uint32_t rest = wide->handle.handle_bytes - at;
		words[0] = words[1] = 0;
		memcpy(words, wide->bytes + at, rest < 8 ? rest : 8);
		low ^= words[0];
		high ^= words[1];
		stir(&low, &high);
	}
	return valid((uint64_t)high << 32 | low);
}

static uint32_t bucket_of(const struct node_index *index, uint64_t node)
{
	uint32_t base = 1u << (31 - __builtin_clz(index->buckets));
	uint32_t bucket = (uint32_t)node & (2 * base - 1);
	return bucket < index->buckets ? bucket : bucket & (base - 1);
}

/* One more bucket, and into it what is its own. */
static void split(struct node_index *index)
{
	uint32_t base = 1u << (31 - __builtin_clz(index->buckets)), fresh = index->buckets;
	uint32_t *link = &index->heads[fresh - base];
	index->heads[fresh] = 0;
	while (*link != 0) {
		struct node_entry *e = &index->entries[*link - 1];
		if (((uint32_t)e->node & (2 * base - 1)) != fresh) {
			link = &e->next;
			continue;
		}
		uint32_t moved = *link;
		*link = e->next;
		e->next = index->heads[fresh];
		index->heads[fresh] = moved;
	}
	index->buckets++;
}

static void link_entry(struct node_index *index, uint32_t number)
{
	struct node_entry *e = &index->entries[number - 1];
	uint32_t *head = &index->heads[bucket_of(index, e->node)];
	e->next = *head;
	*head = number;
	index->live++;
}

static void change(struct node_index *index)
{
	index->turn++;
	FENCE();
}

void nodes_repair(void)
{
	struct node_index *index = &state->index;
	state->index_at = offsetof(struct state, index);
	if (index->buckets == 0)
		index->buckets = NODE_BUCKETS_LEAST;
	if (index->turn % 2 == 0)
		return;
	memset(index->heads, 0, index->buckets * sizeof(index->heads[0]));
	index->free = index->live = 0;
	for (uint32_t number = 1; number <= index->count; number++) {
		if (index->entries[number - 1].node != 0) {
			link_entry(index, number);
			continue;
		}
		index->entries[number - 1].next = index->free;
		index->free = number;
	}
	change(index);
}

static struct node_entry *find(uint32_t root, uint64_t node)
{
	struct node_index *index = &state->index;
	for (uint32_t number = index->heads[bucket_of(index, node)]; number != 0;) {
		struct node_entry *e = &index->entries[number - 1];
		if (e->node == node && e->root == root)
			return e;
		number = e->next;
	}
	return NULL;
}

static bool same(const struct node_entry *e, const struct wide_handle *wide)
{
	return (e->length & NODE_LENGTH) == wide->handle.handle_bytes && e->type == (uint8_t)wide->handle.handle_type &&
	       memcmp(e->handle, wide->bytes, wide->handle.handle_bytes) == 0;
}

static int insert(uint32_t root, uint64_t node, const struct wide_handle *wide)
{
	struct node_index *index = &state->index;
	uint32_t number = index->free != 0 ? index->free : index->count + 1;
	if (number > NODE_ENTRIES)
		return -ENFILE;
	struct node_entry *e = &index->entries[number - 1];
	change(index);
	if (index->free != 0)
		index->free = e->next;
	else
		index->count = number;
	e->root = (uint16_t)root;
	e->length = (uint8_t)wide->handle.handle_bytes;
	e->type = (uint8_t)wide->handle.handle_type;
	memcpy(e->handle, wide->bytes, wide->handle.handle_bytes);
	FENCE();
	CRASH_POINT();
	e->node = node;
	CRASH_POINT();
	link_entry(index, number);
	CRASH_POINT();
	if (index->live > index->buckets && index->buckets < NODE_ENTRIES)
		split(index);
	CRASH_POINT();
	FENCE();
	change(index);
	return 0;
}

int nodes_add(const struct root *root, const struct wide_handle *wide, uint64_t *node)
{
	uint32_t id = root->state->id;
	uint64_t candidate = nodes_hash(wide);
	int error = 0;
	pthread_mutex_lock(&lock);
	for (;;) {
		const struct node_entry *e = find(id, candidate);
		if (e == NULL)
			error = insert(id, candidate, wide);
		else if (!same(e, wide)) {
			candidate = valid(candidate + 1);
			continue;
		}
		break;
	}
	pthread_mutex_unlock(&lock);
	*node = candidate;
	return error;
}

int nodes_get(const struct root *root, uint64_t node, struct wide_handle *wide)
{
	pthread_mutex_lock(&lock);
	const struct node_entry *e = find(root->state->id, node);
	if (e != NULL) {
		wide->handle.handle_bytes = e->length & NODE_LENGTH;
		wide->handle.handle_type = e->type;
		memcpy(wide->bytes, e->handle, sizeof(e->handle));
	}
	pthread_mutex_unlock(&lock);
	return e != NULL ? 0 : -ESTALE;
}

/* The file has no name left, or (a nameless one) has got one. */
void nodes_doom(const struct root *root, uint64_t node, bool doomed)
{
	if (!root->indexed)
		return;
	pthread_mutex_lock(&lock);
	struct node_entry *e = find(root->state->id, node);
	if (e != NULL)
		e->length = (uint8_t)((e->length & NODE_LENGTH) | (doomed ? NODE_DOOMED : 0));
	pthread_mutex_unlock(&lock);
}

static void remove_entry(struct node_entry *e)
{
	struct node_index *index = &state->index;
	uint32_t number = (uint32_t)(e - index->entries) + 1;
	uint32_t *link = &index->heads[bucket_of(index, e->node)];
	change(index);
	while (*link != number)
		link = &index->entries[*link - 1].next;
	*link = e->next;
	CRASH_POINT();
	e->node = 0;
	e->next = index->free;
	CRASH_POINT();
	index->free = number;
	index->live--;
	FENCE();
	change(index);
}

/* The kernel knows it no more. A file that lives keeps its number here: records and the agent may still ask for it. */
void nodes_forget(const struct root *root, uint64_t node)
{
	if (!root->indexed)
		return;
	pthread_mutex_lock(&lock);
	struct node_entry *e = find(root->state->id, node);
	if (e != NULL && (e->length & NODE_DOOMED))
		remove_entry(e);
	pthread_mutex_unlock(&lock);
}

void nodes_drop_root(const struct root *root)
{
	if (!root->indexed)
		return;
	pthread_mutex_lock(&lock);
	for (uint32_t i = 0; i < state->index.count; i++) {
		struct node_entry *e = &state->index.entries[i];
		if (e->node != 0 && e->root == root->state->id)
			remove_entry(e);
	}
	pthread_mutex_unlock(&lock);
}
