// SPDX-License-Identifier: Apache-2.0
// look.cpp - counts what some blocks of each different launch ask of memory:
//
//	asked	bytes of device memory in whole sectors, each once for a block between two of its barriers: what the
//		second-level cache has to answer, and not what must move
//	cold	of these, what is in no allocation that emu_look_warm() named: weights and states, as often as asked
//	ahead	of `asked`, what was asked for before the block waited for the kernel before it
//	rounds	how often the slowest thread of a block loads after that wait, and stops loading because of a store, a barrier or
//		a warp operation: nothing hides the latency of a round. Copies by cp.async count where all of them are waited for.
//	misses	the most rounds of a thread in which it loads what is cold, and what its block has not asked for before
//	loads	the most of a thread after that wait, in units of 16 bytes: its rounds where each is waited for alone
//	atomics	the most on one address of shared memory in a block
//
// A load from where a pointer leads that was loaded in the same round begins another. An index that was loaded does
// not, nor does a use of what was loaded: they are one round with what is loaded after them. Where work is done and
// not only counted, all blocks of each launch are seen.
#include "look.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace emu {

struct Looked {
	Launch launch;
	uint64_t bytes;
	struct emu_asked asked;
};
struct Thread_look {
	unsigned rounds = 0, misses = 0, loads = 0;
	bool open = false, missed = false;      /* a round is; something cold is loaded in it */
	bool copies = false, cold_copies = false;       /* are under way */
	uintptr_t last = 0;                     /* unit of 16 bytes that was loaded */
	uintptr_t begin = 0, end = 0;           /* where the pointer leads that was loaded last, in the open round */
};
enum Place { ELSEWHERE, WARM, COLD };

bool looked_at;
static unsigned n_looked;
static std::vector<Looked> &all = *new std::vector<Looked>;
static struct emu_asked *now;
static struct emu_asked before_last;            /* what was seen when the block began that ran last */
static std::unordered_set<uintptr_t> &sectors = *new std::unordered_set<uintptr_t>;
static std::unordered_set<uintptr_t> &touched = *new std::unordered_set<uintptr_t>;     /* the same, barriers aside */
static std::unordered_map<const void *, uint64_t> &hits = *new std::unordered_map<const void *, uint64_t>;
static std::vector<Thread_look> &threads = *new std::vector<Thread_look>;
static uintptr_t device_begin, device_end;      /* the allocation that was met last, and whether it is warm */
static bool device_warm;
static std::vector<const void *> &warm = *new std::vector<const void *>;

bool looking() { return n_looked != 0; }
bool look_begun() { return now != nullptr; }
void forget_looks() { all.clear(); }

static unsigned n_seen(unsigned n) { return settings.counting && n_looked < n ? n_looked : n; }

/* The first, the last, and others evenly between them. */
std::vector<unsigned> blocks_to_look_at(unsigned n)
{
	unsigned m = n_seen(n);
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
	asked->cold = for_all(asked->cold, asked->cold - before_last.cold, asked->blocks, seen);
	asked->ahead = for_all(asked->ahead, asked->ahead - before_last.ahead, asked->blocks, seen);
}

void look_at(const Launch &launch, const std::function<void()> &body, uint64_t bytes, const Order &order)
{
	Looked *found = settings.counting ? known(launch, bytes) : nullptr;

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
		finish(&asked, n_seen(asked.blocks));
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
	touched.clear();
	hits.clear();
}

void see_barrier() { sectors.clear(); }

static void end_round()
{
	own().open = false;
	own().begin = own().end = 0;
}

void see_meeting() { end_round(); }

static void load_in_round(Place place)
{
	Thread_look &t = own();

	if (!has_waited())
		return;
	if (!t.open)
		now->rounds = std::max(now->rounds, ++t.rounds);
	t.missed = t.open && t.missed;
	t.open = true;
	if (place == COLD && !t.missed) {
		t.missed = true;
		now->misses = std::max(now->misses, ++t.misses);
	}
}

/* The value is there to be read: the access that is told of follows. */
static void follow_pointer(const void *p, size_t n)
{
	uintptr_t at = reinterpret_cast<uintptr_t>(p), value;
	Thread_look &t = own();

	if (at >= t.begin && at < t.end)
		end_round();
	if (n != sizeof value)
		return;
	memcpy(&value, p, sizeof value);
	const Allocation *a = find_allocation(reinterpret_cast<const void *>(value), false);

	if (on_device(a)) {
		t.begin = value;
		t.end = a->at + a->n;
	}
}

static void count_load(const void *p)
{
	uintptr_t unit = reinterpret_cast<uintptr_t>(p) / 16;
	Thread_look &t = own();

	if (has_waited() && unit != t.last)
		now->loads = std::max(now->loads, ++t.loads);
	t.last = unit;
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
		device_warm = false;
		for (const void *w : warm)
			device_warm |= find_allocation(w, false) == a;
	}
	return true;
}

static bool on_stack(uintptr_t p)
{
	uintptr_t stack = reinterpret_cast<uintptr_t>(running_fiber()->stack);

	return p >= stack && p < stack + STACK;
}

static Place ask(const void *address, size_t n)
{
	uintptr_t p = reinterpret_cast<uintptr_t>(address);
	bool is_new = false;

	if (n == 0 || on_stack(p) || in_shared(p) || !in_device(p))
		return ELSEWHERE;
	for (uintptr_t s = p / SECTOR; s <= (p + n - 1) / SECTOR; s++)
		if (sectors.insert(s).second) {
			now->asked += SECTOR;
			now->cold += device_warm ? 0 : SECTOR;
			now->ahead += has_waited() ? 0 : SECTOR;
			is_new |= touched.insert(s).second;
		}
	return device_warm || !is_new ? WARM : COLD;
}

void see_load(const void *p, size_t n)
{
	Place place = ask(p, n);

	if (place == ELSEWHERE)
		return;
	count_load(p);
	follow_pointer(p, n);
	load_in_round(place);
}

void see_copy(const void *p, size_t n)
{
	Place place = ask(p, n);

	if (place == ELSEWHERE)
		return;
	count_load(p);
	own().copies = true;
	own().cold_copies |= place == COLD;
}

void see_copies_end()
{
	Thread_look &t = own();

	if (t.copies) {
		load_in_round(t.cold_copies ? COLD : WARM);
		end_round();
		t.copies = t.cold_copies = false;
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

void emu_look(unsigned n_blocks)
{
	n_looked = n_blocks;
	warm.clear();
}

void emu_look_warm(const void *p) { warm.push_back(p); }

void emu_each_asked(void (*each)(void *, const struct emu_asked *), void *user)
{
	for (const Looked &l : all)
		each(user, &l.asked);
}
