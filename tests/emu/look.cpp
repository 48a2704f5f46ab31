// SPDX-License-Identifier: Apache-2.0
// look.cpp - counts what some blocks of each different launch ask of memory:
//
//	asked	bytes of device memory in whole sectors, each once for a block between two of its barriers: what the
//		second-level cache has to answer, and not what must move
//	ahead	of these, what was asked for before the block waited for the kernel before it
//	rounds	how often the slowest thread of a block loads after that wait, and stops loading because of a store, a barrier or
//		a warp operation: nothing hides the latency of a round. Copies by cp.async count where all of them are waited for.
//	atomics	the most on one address of shared memory in a block
//
// A load whose address another load gave is not told from one beside it: they are one round.
#include "look.h"

#include <unordered_map>
#include <unordered_set>

namespace emu {

struct Looked {
	Launch launch;
	uint64_t bytes;
	struct emu_asked asked;
};
struct Thread_look {
	unsigned rounds = 0;
	bool loads = false, copies = false;     /* a round is open; copies are under way */
};

bool looked_at;
static unsigned n_looked;
static std::vector<Looked> &all = *new std::vector<Looked>;
static struct emu_asked *now;
static struct emu_asked before_last;            /* what was seen when the block began that ran last */
static std::unordered_set<uintptr_t> &sectors = *new std::unordered_set<uintptr_t>;
static std::unordered_map<const void *, uint64_t> &hits = *new std::unordered_map<const void *, uint64_t>;
static std::vector<Thread_look> &threads = *new std::vector<Thread_look>;
static uintptr_t device_begin, device_end;      /* the allocation that was met last */

bool looking() { return n_looked != 0; }
bool look_begun() { return now != nullptr; }
void forget_looks() { all.clear(); }

/* The first, the last, and others evenly between them. */
std::vector<unsigned> blocks_to_look_at(unsigned n)
{
	unsigned m = n < n_looked ? n : n_looked;
	std::vector<unsigned> order(m);

	for (unsigned i = 0; i < m; i++)
		order[i] = m == 1 ? 0 : unsigned(uint64_t(i) * (n - 1) / (m - 1));
	return order;
}

static bool alike(const dim3 &a, const dim3 &b) { return a.x == b.x && a.y == b.y && a.z == b.z; }

static Looked *known(const Launch &launch, uint64_t bytes)
{
	for (Looked &l : all)
		if (l.launch.kernel == launch.kernel && alike(l.launch.grid, launch.grid) && alike(l.launch.block, launch.block) &&
				l.launch.shared == launch.shared && l.bytes == bytes)
			return &l;
	return nullptr;
}

static uint64_t for_all(uint64_t of_seen, uint64_t of_last, unsigned blocks, unsigned seen)
{
	return seen < 2 ? of_seen : (of_seen - of_last) * (blocks - 1) / (seen - 1) + of_last;
}

/* The last block, which may have less to do than the others, stands for itself alone. */
static void finish(struct emu_asked *asked, unsigned seen)
{
	asked->asked = for_all(asked->asked, asked->asked - before_last.asked, asked->blocks, seen);
	asked->ahead = for_all(asked->ahead, asked->ahead - before_last.ahead, asked->blocks, seen);
}

void look_at(const Launch &launch, const std::function<void()> &body, uint64_t bytes, const Order &order)
{
	Looked *found = known(launch, bytes);

	if (found == nullptr) {
		struct emu_asked asked = {};

		asked.kernel = kernel_name(launch.kernel);
		asked.blocks = launch.grid.x * launch.grid.y * launch.grid.z;
		asked.threads = launch.block.x * launch.block.y * launch.block.z;
		asked.shared = launch.shared + static_shared(launch.kernel);
		asked.stated = bytes;
		asked.early = launch.early;
		now = &asked;
		device_begin = device_end = 0;
		run_grid(launch, body, order);
		now = nullptr;
		finish(&asked, asked.blocks < n_looked ? asked.blocks : n_looked);
		all.push_back({launch, bytes, asked});
		found = &all.back();
	}
	found->asked.launches++;
}

// ---- blocks and their threads ------------------------------------------------------------------

static bool has_waited() { return !current_block->grid->launch->early || running_fiber()->waited; }
static Thread_look &own() { return threads[running_fiber()->index]; }

void see_block(const Block *block)
{
	looked_at = now != nullptr && block != nullptr;
	if (!looked_at)
		return;
	before_last = *now;
	threads.assign(block->n, Thread_look{});
	sectors.clear();
	hits.clear();
}

void see_barrier() { sectors.clear(); }

static void end_round() { own().loads = false; }

void see_meeting() { end_round(); }

static void begin_round()
{
	Thread_look &t = own();

	if (t.loads || !has_waited())
		return;
	t.loads = true;
	if (++t.rounds > now->rounds)
		now->rounds = t.rounds;
}

// ---- accesses -----------------------------------------------------------------------------------

static bool in_shared(uintptr_t p)
{
	uintptr_t begin = reinterpret_cast<uintptr_t>(emu_shared_begin), end = reinterpret_cast<uintptr_t>(emu_shared_end);
	uintptr_t dynamic = reinterpret_cast<uintptr_t>(current_block->dynamic);

	return (p >= begin && p < end) || (dynamic != 0 && p >= dynamic && p < dynamic + current_block->grid->launch->shared);
}

static bool in_device(uintptr_t p)
{
	if (p < device_begin || p >= device_end) {
		const Allocation *a = find_allocation(reinterpret_cast<const void *>(p), false);

		if (!on_device(a))
			return false;
		device_begin = a->at;
		device_end = a->at + a->n;
	}
	return true;
}

static bool on_stack(uintptr_t p)
{
	uintptr_t stack = reinterpret_cast<uintptr_t>(running_fiber()->stack);

	return p >= stack && p < stack + STACK;
}

static bool ask(const void *address, size_t n)
{
	uintptr_t p = reinterpret_cast<uintptr_t>(address);

	if (n == 0 || on_stack(p) || in_shared(p) || !in_device(p))
		return false;
	for (uintptr_t s = p / SECTOR; s <= (p + n - 1) / SECTOR; s++)
		if (sectors.insert(s).second) {
			now->asked += SECTOR;
			now->ahead += has_waited() ? 0 : SECTOR;
		}
	return true;
}

void see_load(const void *p, size_t n)
{
	if (ask(p, n))
		begin_round();
}

void see_copy(const void *p, size_t n)
{
	own().copies |= ask(p, n);
}

void see_copies_end()
{
	if (own().copies) {
		begin_round();
		end_round();
		own().copies = false;
	}
}

void see_store(const void *p)
{
	uintptr_t at = reinterpret_cast<uintptr_t>(p);

	if (!on_stack(at) && (in_shared(at) || in_device(at)))
		end_round();
}

void see_atomic(const void *p)
{
	if (in_shared(reinterpret_cast<uintptr_t>(p)) && ++hits[p] > now->atomics)
		now->atomics = hits[p];
}

}  // namespace emu

using namespace emu;

void emu_look(unsigned n_blocks) { n_looked = n_blocks; }

void emu_each_asked(void (*each)(void *, const struct emu_asked *), void *user)
{
	for (const Looked &l : all)
		each(user, &l.asked);
}
