/* SPDX-License-Identifier: Apache-2.0 */
/* fiber.h - the threads of a grid: each a fiber, one running at a time, switched at barriers. */
#ifndef EMU_FIBER_H
#define EMU_FIBER_H

#include "inner.h"

namespace emu {

enum { STACK = 256 << 10 };

struct Block;
struct Warp;

struct Pending_copy {           /* of cp.async: done when it is waited for */
	void *to;
	const void *from;
	size_t n, valid;
	unsigned group;
};

struct Fiber {
	enum State { IDLE, READY, BARRIER, WARP, GRID, DONE } state = IDLE;
	void *sp = nullptr;
	char *stack = nullptr;
	size_t colour = 0;              /* bytes at the stack's end that are left free */
	void *tsan_fiber = nullptr, *fake_stack = nullptr;
	unsigned index = 0, lane = 0;
	uint3 thread{};
	Block *block = nullptr;
	Warp *warp = nullptr;
	bool waited = false;            /* called grid_wait() */
	const char *file = "?";
	int line = 0;
	std::vector<Pending_copy> copies;
	unsigned copy_group = 0;
};

struct Meeting {                /* of the lanes of a warp in a mask, for one operation */
	unsigned mask = 0, arrived = 0, pending = 0, took_part = 0, generation = 0;
	int op = 0, line = 0;
	const char *file = "";
	alignas(16) char slot[2][32 * SLOT];
	Tag tag[2];
};

struct Warp {
	unsigned alive = 0;
	std::vector<std::unique_ptr<Meeting>> meetings;
	Fiber *lane[32];
};

struct Grid {
	const Launch *launch;
	const std::function<void()> *body;
	const Order *order;
	Tag start;
	std::unique_ptr<Tag[]> barrier{new Tag[2]};
	unsigned barrier_generation = 0;
};

struct Block {
	uint3 index{};
	Grid *grid = nullptr;
	unsigned n = 0, alive = 0;
	std::vector<Fiber *> fibers;
	std::vector<Warp> warps;
	std::vector<Fiber *> ready;     /* a ring of a power of two of places, n at least: fibers do not allocate */
	size_t head = 0, n_ready = 0, mask = 0;
	unsigned arrived = 0, generation = 0;
	const char *file = nullptr;
	int line = 0;
	int vote[2] = {0, 0};
	std::unique_ptr<Tag[]> tag{new Tag[2]};
	unsigned at_grid_barrier = 0;
	unsigned spins = 0;             /* yields since a thread last got on */
	bool spinning = false, waited = false;
	char *dynamic = nullptr;
	std::vector<char> kept;         /* its __shared__ arrays while another block runs */
};

extern Block *current_block;
Fiber *running_fiber();
Fiber *pooled_fiber(size_t i);
void make_new_thread(Fiber *fiber);
void make_ready(Block *block, Fiber *fiber);
void enter_block(Block *block); /* runs its threads until all wait or have ended */
void adopt_host_thread();       /* the caller's thread is the one that fibers return to */

}  // namespace emu
#endif
