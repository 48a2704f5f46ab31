// SPDX-License-Identifier: Apache-2.0
// grid.cpp - launching: what a device would refuse, and the running of blocks, one by one or,
// in cooperative launches, all together.
#include "fiber.h"
#include "look.h"

#include <map>
#include <string>
#include <sys/mman.h>

namespace emu {

static size_t whole_pages(size_t n) { return (n + 4095) & ~size_t(4095); }
static size_t static_size() { return emu_shared_begin != nullptr ? size_t(emu_shared_end - emu_shared_begin) : 0; }

static void fill(char *p, size_t n, int v)
{
#ifdef __x86_64__
	asm volatile("rep stosb" : "+D"(p), "+c"(n) : "a"(v) : "memory");
#else
	for (volatile char *q = p; n-- != 0; q++)
		*q = char(v);
#endif
}

static void copy_raw(char *to, const char *from, size_t n)
{
#ifdef __x86_64__
	asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
#else
	for (size_t i = 0; i < n; i++)
		static_cast<volatile char *>(to)[i] = from[i];
#endif
}

/* ThreadSanitizer forgets what the last block did with pages that are mapped anew. */
static void forget_static() { mmap(emu_shared_begin, static_size(), PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); }

// ---- the pages of __shared__ that a kernel uses: learned from its first block --------------------

static std::vector<std::pair<const void *, std::vector<bool>>> &used_pages = *new std::vector<std::pair<const void *, std::vector<bool>>>;

static std::vector<bool> *pages_of(const void *kernel)
{
	for (auto &u : used_pages)
		if (u.first == kernel)
			return &u.second;
	return nullptr;
}

static void learn_pages(const void *kernel)
{
	std::vector<bool> *known = pages_of(kernel);

	if (known == nullptr) {
		used_pages.push_back({kernel, std::vector<bool>(static_size() / 4096)});
		known = &used_pages.back().second;
	}
	for (size_t i = 0; i < known->size(); i++)
		for (size_t k = 0; k < 4096 && !(*known)[i]; k++)
			if (static_cast<volatile char *>(emu_shared_begin)[i * 4096 + k] != char(settings.fill))
				(*known)[i] = true;
}

static void fill_static(const std::vector<bool> *pages)
{
	if (pages == nullptr || tsan()) {
		fill(emu_shared_begin, static_size(), settings.fill);
		return;
	}
	for (size_t i = 0; i < pages->size(); i++)
		if ((*pages)[i])
			fill(emu_shared_begin + i * 4096, 4096, settings.fill);
}

/* What a block finds is garbage. */
static void fresh_shared(Block *b, const std::vector<bool> *pages)
{
	size_t n = b->grid->launch->shared;

	if (static_size() != 0) {
		if (tsan())
			forget_static();
		fill_static(pages);
	}
	if (n == 0)
		return;
	if (tsan())
		b->dynamic = static_cast<char *>(mmap(b->dynamic, whole_pages(n), PROT_READ | PROT_WRITE,
			(b->dynamic != nullptr ? MAP_FIXED : 0) | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	else if (b->dynamic == nullptr && posix_memalign(reinterpret_cast<void **>(&b->dynamic), 128, n) != 0)
		misuse("no memory for dynamic shared memory");  /* of the exact size: its end is guarded */
	fill(b->dynamic, n, settings.fill);
}

static void drop_dynamic(Block *b)
{
	if (b->dynamic != nullptr && tsan())
		munmap(b->dynamic, whole_pages(b->grid->launch->shared));
	else
		free(b->dynamic);
	b->dynamic = nullptr;
}

// ---- blocks ------------------------------------------------------------------------------------

static void place_thread(Block *b, unsigned t, size_t in_pool)
{
	dim3 size = b->grid->launch->block;
	Fiber *f = b->fibers[t] = pooled_fiber(in_pool);

	if (tsan() && settings.tsan_fresh)
		make_new_thread(f);
	f->block = b;
	f->index = t;
	f->lane = t % 32;
	f->warp = &b->warps[t / 32];
	f->warp->alive |= 1u << f->lane;
	f->warp->lane[f->lane] = f;
	f->thread = {t % size.x, t / size.x % size.y, t / size.x / size.y};
	f->waited = false;
	f->copies.clear();
	f->copy_group = 0;
	make_ready(b, f);
}

/* ThreadSanitizer remembers by address what a barrier ordered: those of two blocks are not one. */
static void forget_barriers(Block *b)
{
	b->tag.reset(new Tag[2]);
	for (Warp &w : b->warps)
		w.meetings.clear();
}

static void set_up(Block *b, Grid *g, unsigned i, size_t first_in_pool)
{
	dim3 grid = g->launch->grid, size = g->launch->block;
	unsigned n = size.x * size.y * size.z;

	b->grid = g;
	b->n = b->alive = n;
	b->index = {i % grid.x, i / grid.x % grid.y, i / grid.x / grid.y};
	b->fibers.resize(n);
	b->warps.resize((n + 31) / 32);
	for (b->mask = 0; b->mask + 1 < n; )
		b->mask = 2 * b->mask + 1;
	b->ready.resize(b->mask + 1);
	b->head = b->n_ready = 0;
	b->arrived = b->at_grid_barrier = b->spins = 0;
	b->spinning = b->waited = false;
	b->file = nullptr;
	if (tsan())
		forget_barriers(b);
	for (Warp &w : b->warps) {
		w.alive = 0;
		for (auto &m : w.meetings)
			m->arrived = m->pending = m->mask = 0;
	}
	for (unsigned t = 0; t < n; t++)
		place_thread(b, t, first_in_pool + t);
}

[[noreturn]] static void deadlock(const Block *b)
{
	std::map<std::string, std::pair<int, unsigned>> where;
	unsigned ended = 0;

	for (const Fiber *f : b->fibers) {
		const char *kind = f->state == Fiber::BARRIER ? "__syncthreads" : f->state == Fiber::WARP ? "a warp operation" :
			f->state == Fiber::GRID ? "grid sync" : "a loop";

		if (f->state == Fiber::DONE) {
			ended++;
			continue;
		}
		auto &w = where[std::string(kind) + " at " + f->file + ":" + std::to_string(f->line)];
		if (w.first++ == 0)
			w.second = f->index;
	}
	fprintf(stderr, "cuda_emu: ERROR: deadlock in block (%u,%u,%u) of %s: %u of %u threads have returned\n", b->index.x, b->index.y,
		b->index.z, kernel_name(b->grid->launch->kernel), ended, b->n);
	for (const auto &[what, who] : where)
		fprintf(stderr, "  %d threads (first: %u) wait in %s\n", who.first, who.second, what.c_str());
	fflush(nullptr);
	abort();
}

/* Whoever may begin before the kernel before it must wait, or nothing orders the two. */
static void check_waited(const Block *b)
{
	if (b->grid->launch->early && !b->waited)
		misuse("%s was launched early, and block (%u,%u,%u) never called grid_wait()", kernel_name(b->grid->launch->kernel), b->index.x,
			b->index.y, b->index.z);
}

static std::vector<unsigned> block_order(unsigned n)
{
	std::vector<unsigned> order(n);

	for (unsigned i = 0; i < n; i++)
		order[i] = settings.order == EMU_REVERSE ? n - 1 - i : i;
	if (settings.order == EMU_RANDOM)
		for (unsigned i = n; i > 1; i--)
			std::swap(order[i - 1], order[random_below(i)]);
	return order;
}

static void run_one_by_one(Grid *g, const std::vector<unsigned> &order)
{
	static Block &solo = *new Block;
	const void *kernel = g->launch->kernel;
	std::vector<bool> *pages = nullptr;

	for (unsigned i : order) {
		set_up(&solo, g, i, 0);
		fresh_shared(&solo, pages);
		hb_release(&g->start);
		see_block(&solo);
		enter_block(&solo);
		see_block(nullptr);
		if (solo.alive != 0)
			deadlock(&solo);
		check_waited(&solo);
		if (pages == nullptr && static_size() != 0 && !tsan()) {
			learn_pages(kernel);
			pages = pages_of(kernel);
		}
	}
	if (pages != nullptr)
		fill_static(pages);
	drop_dynamic(&solo);
}

/* Runs what can run of a resident block, its own shared memory in place. */
static void visit(Block *b)
{
	size_t n = static_size();

	if (tsan() && n != 0)
		forget_static();
	copy_raw(emu_shared_begin, b->kept.data(), n);
	hb_release(&b->grid->start);
	enter_block(b);
	copy_raw(b->kept.data(), emu_shared_begin, n);
	if (b->alive != 0 && !b->spinning && b->at_grid_barrier != b->n)
		deadlock(b);
	if (b->alive == 0)
		check_waited(b);
}

static void pass_grid_barrier(Grid *g, std::vector<Block> &blocks)
{
	g->barrier_generation++;
	for (Block &b : blocks) {
		b.at_grid_barrier = 0;
		for (Fiber *f : b.fibers)
			make_ready(&b, f);
	}
}

static void run_together(Grid *g, const std::vector<unsigned> &order)
{
	std::vector<Block> blocks(order.size());
	dim3 size = g->launch->block;
	unsigned n_threads = size.x * size.y * size.z, idle = 0;

	for (unsigned i = 0; i < blocks.size(); i++) {
		set_up(&blocks[i], g, i, size_t(i) * n_threads);
		fresh_shared(&blocks[i], nullptr);
		blocks[i].kept.assign(static_size(), char(settings.fill));
	}
	hb_release(&g->start);
	for (;;) {
		unsigned ended = 0, at_barrier = 0;

		for (unsigned i : order) {
			Block *b = &blocks[i];

			if (b->alive != 0 && b->at_grid_barrier != b->n)
				visit(b);
			ended += b->alive == 0;
			at_barrier += b->alive != 0 && b->at_grid_barrier == b->n;
		}
		if (ended == blocks.size())
			break;
		if (at_barrier == blocks.size())
			pass_grid_barrier(g, blocks);
		else if (ended + at_barrier == blocks.size() || ++idle > 1000000)
			deadlock(&blocks[order[0]]);
	}
	for (Block &b : blocks)
		drop_dynamic(&b);
	if (static_size() != 0)
		fill_static(nullptr);
}

/* Threads of the device read it by code that ThreadSanitizer sees, so it is not on the host's stack. */
using Own_body = std::unique_ptr<const std::function<void()>>;

/* A thread of its own for what the device does beside kernels: copies, products of cuBLAS. */
void run_as_device(const Order &order, const std::function<void()> &work)
{
	void *host = nullptr, *device = nullptr;
	const Own_body own(new std::function<void()>(work));

	if (tsan()) {
		host = __tsan_get_current_fiber();
		device = __tsan_create_fiber(0);
		__tsan_switch_to_fiber(device, 1);
		for (const auto &tag : order.before)
			__tsan_acquire(tag.get());
	}
	open_device_memory();
	(*own)();
	close_device_memory();
	if (tsan()) {
		if (order.done != nullptr)
			__tsan_release(order.done.get());
		__tsan_switch_to_fiber(host, 1);
		__tsan_destroy_fiber(device);
	}
}

void run_grid(const Launch &launch, const std::function<void()> &body, const Order &order)
{
	Grid g;
	unsigned n = launch.grid.x * launch.grid.y * launch.grid.z;
	std::vector<unsigned> blocks = look_begun() ? blocks_to_look_at(n) : block_order(n);
	const Own_body own(new std::function<void()>(body));

	g.launch = &launch;
	g.body = own.get();
	g.order = &order;
	blockDim = launch.block;
	gridDim = launch.grid;
	adopt_host_thread();
	open_device_memory();
	if (launch.whole)
		run_together(&g, blocks);
	else
		run_one_by_one(&g, blocks);
	close_device_memory();
}

// ---- launching ---------------------------------------------------------------------------------

static thread_local uint64_t stated;

void state_bytes(uint64_t bytes) { stated = bytes; }

uint64_t take_stated_bytes()
{
	uint64_t n = stated;

	stated = 0;
	return n;
}

cudaError_t launch_attributes(Launch &launch, const cudaLaunchAttribute *attributes, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		const cudaLaunchAttributeValue &v = attributes[i].val;

		if (attributes[i].id == cudaLaunchAttributeCooperative)
			launch.whole = v.cooperative != 0;
		else if (attributes[i].id == cudaLaunchAttributeProgrammaticStreamSerialization)
			launch.early = v.programmaticStreamSerializationAllowed != 0;
		else if (attributes[i].id != cudaLaunchAttributeIgnore && attributes[i].id != cudaLaunchAttributePriority)
			return cudaErrorNotSupported;
	}
	return launch.early && settings.architecture < 90 ? cudaErrorNotSupported : cudaSuccess;
}

static cudaError_t check_shape(const Launch &l)
{
	uint64_t n = uint64_t(l.block.x) * l.block.y * l.block.z;

	if (n == 0 || n > 1024 || l.block.z > 64)
		return cudaErrorInvalidConfiguration;
	if (l.grid.x == 0 || l.grid.y == 0 || l.grid.z == 0 || l.grid.x > 0x7fffffffu || l.grid.y > 65535 || l.grid.z > 65535)
		return cudaErrorInvalidConfiguration;
	if (l.shared > shared_limit(l.kernel))
		return cudaErrorInvalidValue;
	if (l.whole && uint64_t(l.grid.x) * l.grid.y * l.grid.z >
			uint64_t(resident_blocks(l.kernel, unsigned(n), l.shared)) * unsigned(settings.multiprocessors))
		return cudaErrorCooperativeLaunchTooLarge;
	return cudaSuccess;
}

static void check_pointer(void *kernel, unsigned index, const void *p)
{
	const Allocation *a = find_allocation(p, true);

	if (p != nullptr && a == nullptr)
		misuse("parameter %u of %s is %p, which is not device memory", index, kernel_name(kernel), p);
}

cudaError_t submit(const Launch &l, void **arguments)
{
	uint64_t bytes = take_stated_bytes();
	Call call("cudaLaunchKernel");
	cudaError_t e = call.error != cudaSuccess ? call.error : check_shape(l);

	if (e != cudaSuccess) {
		note("launch of %s: %s", kernel_name(l.kernel), cudaGetErrorName(e));
		return done(e);
	}
	if (l.early && code_version() < 90)
		misuse("%s is launched early, and was compiled for sm_%d, where it cannot wait", kernel_name(l.kernel), code_version());
	l.signature->pointers(arguments, check_pointer, const_cast<void *>(l.kernel));
	return done(enqueue(l.stream, {WORK_KERNEL, l.signature->bind(l.kernel, arguments), l, bytes, nullptr}));
}

}  // namespace emu
