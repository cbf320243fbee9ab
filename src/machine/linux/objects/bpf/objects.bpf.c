// SPDX-License-Identifier: (MIT OR Apache-2.0) OR GPL-2.0-only
//
// Follows the objects of up to eight slab caches. For each address that is alive, the kernel keeps the call path that
// allocated it and the block in which it was allocated. For each path and block it counts allocations and frees, so
// that user space reads a few counts and not every address. decode.rs reads these maps: keep both in step.
//
// Every map has its memory before the first event: nothing here allocates while it follows. Programs on one processor
// can interrupt each other (a softirq allocates), so that scratch memory is on the stack and not per processor.
//
// GPL-2.0 is the third licence of this file because the kernel offers bpf_get_stack and bpf_probe_read_kernel to
// programs under the GPL only.
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

typedef __u32 u32;
typedef __u64 u64;

// The first errno values, which libbpf-dev does not bring along.
#define ENOENT 2
#define E2BIG 7

// CACHES, NAME_WORDS and FRAMES are also in decode.rs.
#define CACHES 8
#define NAME_WORDS 8
#define FRAMES 32
// Of an index: a cache that is not followed.
#define OTHER 255
// kmem_cache_free_bulk takes at most one page of addresses from kfree_rcu, and the network's lists are shorter.
#define BULK 512
// __is_kvfree_rcu_offset (include/linux/rcupdate.h until 6.1): smaller values are an offset and no address.
#define SMALLEST_ADDRESS 4096

// Only the name's place is taken from the running kernel (CO-RE).
struct kmem_cache {
	const char *name;
} __attribute__((preserve_access_index));

// Set by user space before loading. Names end with zeros; the last one is that of the cache of kmem_cache itself.
const volatile u64 names[CACHES + 1][NAME_WORDS] = {};
// For kmalloc-N: the bytes of an object, 0 for other caches; and the kinds of allocations that use it, as a set of bits.
const volatile u32 class_bytes[CACHES] = {};
const volatile u32 class_kinds[CACHES] = {};
// The index of the cache that holds every struct kmem_cache.
const volatile u32 cache_of_caches = CACHES;

#define KIND_NORMAL 1
#define KIND_ACCOUNTED 2
#define KIND_RECLAIMABLE 4
#define KIND_DMA 8
// include/linux/gfp_types.h: the same bits from 6.1 to 6.18.
#define GFP_DMA 0x01u
#define GFP_RECLAIMABLE 0x10u
#define GFP_ACCOUNT 0x400000u

// Counts for each cache, in the order of decode.rs.
enum count {
	FREED_OLDER,   // frees of objects that were not followed
	FREED_UNSEEN,  // an address was allocated again, and its free had not been seen
	NO_OBJECT,     // allocations that are not followed, because `live` is full
	NO_PATH,       // the same, because `paths` is full
	NO_BIRTH,      // the same, because `births` is full
	NO_STACK,      // allocations without a call path, followed under an empty one
	BUSY,          // updates that the kernel refused, because a map was in use on this processor
	COUNTS,
};

struct path {
	u64 cache;
	u64 frames[FRAMES];
};

struct path_value {
	u32 id;
	// Not 0 if tasks of several names allocated by this path.
	u32 several;
	u64 task[2];
};

// The value of an address, and the key of the counts.
struct birth {
	u32 path;
	u32 block;
};

struct births_value {
	u64 allocated;
	u64 freed;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 524288);
	__type(key, u64);
	__type(value, struct birth);
} live SEC(".maps");

// The whole path is the key: two paths never share an entry.
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct path);
	__type(value, struct path_value);
} paths SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct birth);
	__type(value, struct births_value);
} births SEC(".maps");

// Address of a struct kmem_cache to its index, so that a name is compared once for each cache.
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, u64);
	__type(value, u32);
} caches SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CACHES);
	__type(key, u32);
	__type(value, u64[COUNTS]);
} counts SEC(".maps");

// Set by user space: whether to follow new objects, which it does when everything is attached, and the present block.
struct now {
	u32 following;
	u32 block;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct now);
} present SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} next_path SEC(".maps");

static __always_inline void count(u32 cache, enum count what)
{
	u64 *all = bpf_map_lookup_elem(&counts, &cache);
	if (all)
		__sync_fetch_and_add(&all[what], 1);
}

// The index of a cache that is seen for the first time, by its name.
static __noinline u32 recognise(struct kmem_cache *cache)
{
	u64 address = (u64)cache;
	u64 name[NAME_WORDS] = {};
	bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(cache, name));
	u32 index = OTHER;
#pragma unroll
	for (u32 at = 0; at <= CACHES; at++) {
		u64 differs = !names[at][0];
#pragma unroll
		for (u32 word = 0; word < NAME_WORDS; word++)
			differs |= name[word] ^ names[at][word];
		if (!differs && index == OTHER)
			index = at;
	}
	// A machine with more caches than entries compares the names of the others each time.
	bpf_map_update_elem(&caches, &address, &index, BPF_ANY);
	return index;
}

static __always_inline u32 index_of(struct kmem_cache *cache)
{
	u64 address = (u64)cache;
	u32 *known = bpf_map_lookup_elem(&caches, &address);
	return known ? *known : recognise(cache);
}

// Counts a free of `object` if it is followed.
static __always_inline int bury(u64 object)
{
	struct birth *found = bpf_map_lookup_elem(&live, &object);
	if (!found)
		return -ENOENT;
	struct birth birth = *found;
	int error = bpf_map_delete_elem(&live, &object);
	if (error)
		return error;
	struct births_value *of_block = bpf_map_lookup_elem(&births, &birth);
	if (of_block)
		__sync_fetch_and_add(&of_block->freed, 1);
	return 0;
}

static __always_inline struct path_value *path_of(struct path *path)
{
	u64 task[2] = {};
	bpf_get_current_comm(task, sizeof(task));
	struct path_value *known = bpf_map_lookup_elem(&paths, path);
	if (!known) {
		u32 zero = 0, *next = bpf_map_lookup_elem(&next_path, &zero);
		if (!next)
			return 0;
		struct path_value new = {.id = __sync_fetch_and_add(next, 1), .task = {task[0], task[1]}};
		// If another processor was faster, its entry is used and this number is not.
		bpf_map_update_elem(&paths, path, &new, BPF_NOEXIST);
		return bpf_map_lookup_elem(&paths, path);
	}
	if (known->task[0] != task[0] || known->task[1] != task[1])
		known->several = 1;
	return known;
}

static __always_inline struct births_value *births_of(struct birth *birth)
{
	struct births_value *known = bpf_map_lookup_elem(&births, birth);
	if (known)
		return known;
	struct births_value none = {};
	bpf_map_update_elem(&births, birth, &none, BPF_NOEXIST);
	return bpf_map_lookup_elem(&births, birth);
}

// Follows `object` from now on.
static __always_inline int follow(void *ctx, u32 cache, u64 object)
{
	u32 zero = 0;
	struct now *now = bpf_map_lookup_elem(&present, &zero);
	// Without an object, the allocation failed.
	if (!now || !now->following || !object)
		return 0;
	if (!bury(object))
		count(cache, FREED_UNSEEN);

	struct path path = {.cache = cache};
	if (bpf_get_stack(ctx, path.frames, sizeof(path.frames), 0) < 0) {
		count(cache, NO_STACK);
		__builtin_memset(path.frames, 0, sizeof(path.frames));
	}
	struct path_value *from = path_of(&path);
	if (!from) {
		count(cache, NO_PATH);
		return 0;
	}
	struct birth birth = {.path = from->id, .block = now->block};
	struct births_value *of_block = births_of(&birth);
	if (!of_block) {
		count(cache, NO_BIRTH);
		return 0;
	}
	int error = bpf_map_update_elem(&live, &object, &birth, BPF_ANY);
	if (error) {
		count(cache, error == -E2BIG ? NO_OBJECT : BUSY);
		return 0;
	}
	__sync_fetch_and_add(&of_block->allocated, 1);
	return 0;
}

// kmem_cache_alloc(call_site, ptr, struct kmem_cache *, gfp_flags, node), since 6.1. The events are raw and not those
// with BTF (tp_btf), because the verifier did not let the latter read a `const void *` before 6.16.
SEC("raw_tp/kmem_cache_alloc")
int pg_alloc(struct bpf_raw_tracepoint_args *ctx)
{
	u32 cache = index_of((struct kmem_cache *)ctx->args[2]);
	if (cache >= CACHES)
		return 0;
	return follow(ctx, cache, ctx->args[1]);
}

// kmalloc(call_site, ptr, bytes_req, bytes_alloc, gfp_flags, node) does not name the cache. The kernel chooses it by the
// size and by these flags, in this order (include/linux/slab.h, kmalloc_type).
SEC("raw_tp/kmalloc")
int pg_kmalloc(struct bpf_raw_tracepoint_args *ctx)
{
	u64 bytes = ctx->args[3];
	u32 gfp = (u32)ctx->args[4];
	u32 kind = gfp & GFP_DMA	   ? KIND_DMA
		   : gfp & GFP_RECLAIMABLE ? KIND_RECLAIMABLE
		   : gfp & GFP_ACCOUNT	   ? KIND_ACCOUNTED
					   : KIND_NORMAL;
	u32 cache = OTHER;
#pragma unroll
	for (u32 at = 0; at < CACHES; at++)
		if (bytes == class_bytes[at] && kind & class_kinds[at])
			cache = at;
	if (cache >= CACHES)
		return 0;
	return follow(ctx, cache, ctx->args[1]);
}

// The kernel does not run a program that is already running on the same processor. RCU frees whole batches in an interrupt,
// and all of them would be lost if it came during a free. So each event of a free has two programs that do the same:
// while the first is interrupted, the second still runs. For an object that the first has counted, it does nothing.

// kmem_cache_free(call_site, ptr, const struct kmem_cache *)
static __always_inline int free_of_cache(struct bpf_raw_tracepoint_args *ctx, u32 first)
{
	struct kmem_cache *from = (struct kmem_cache *)ctx->args[2];
	u64 object = ctx->args[1];
	u32 cache = index_of(from);
	if (cache == OTHER)
		return 0;
	// A struct kmem_cache is itself an object of a cache. Its address may soon be that of another cache.
	if (cache == cache_of_caches)
		bpf_map_delete_elem(&caches, &object);
	if (cache >= CACHES)
		return 0;
	int error = bury(object);
	if (error == -ENOENT && first)
		count(cache, FREED_OLDER);
	else if (error && error != -ENOENT)
		count(cache, BUSY);
	return 0;
}

SEC("raw_tp/kmem_cache_free")
int pg_free(struct bpf_raw_tracepoint_args *ctx)
{
	return free_of_cache(ctx, 1);
}

SEC("raw_tp/kmem_cache_free")
int pg_free_2(struct bpf_raw_tracepoint_args *ctx)
{
	return free_of_cache(ctx, 0);
}

// kfree(call_site, ptr). Since 6.4 it also frees objects of named caches. It does not name the cache, so that frees of
// objects that are not followed cannot be counted.
SEC("raw_tp/kfree")
int pg_kfree(struct bpf_raw_tracepoint_args *ctx)
{
	bury(ctx->args[1]);
	return 0;
}

SEC("raw_tp/kfree")
int pg_kfree_2(struct bpf_raw_tracepoint_args *ctx)
{
	bury(ctx->args[1]);
	return 0;
}

// kmem_cache_free_bulk(struct kmem_cache *or NULL, size_t, void **) has no tracepoint.
SEC("fentry/kmem_cache_free_bulk")
int pg_free_bulk(u64 *ctx)
{
	struct kmem_cache *from = (struct kmem_cache *)ctx[0];
	if (from && index_of(from) == OTHER)
		return 0;
	// The verifier refuses arguments of some types, so they are read as numbers.
	u64 arguments[3] = {};
	if (bpf_probe_read_kernel(arguments, sizeof(arguments), ctx))
		return 0;
	u64 size = arguments[1], *objects = (u64 *)arguments[2];
	for (u32 at = 0; at < BULK; at++) {
		u64 object = 0;
		if (at >= size || bpf_probe_read_kernel(&object, sizeof(object), objects + at))
			break;
		bury(object);
	}
	return 0;
}

// kvfree_call_rcu(struct rcu_head *, void *object), until 6.1 (struct rcu_head *or NULL, offset or object). The owner
// has given the object up; the free itself comes later, in a batch without a tracepoint.
SEC("fentry/kvfree_call_rcu")
int pg_free_rcu(u64 *ctx)
{
	u64 arguments[2] = {};
	if (bpf_probe_read_kernel(arguments, sizeof(arguments), ctx))
		return 0;
	u64 object = arguments[1];
	bury(object < SMALLEST_ADDRESS ? arguments[0] - object : object);
	return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";
