// SPDX-License-Identifier: Apache-2.0
// fiber.cpp - switching between threads of a block, and what they meet at: barriers, warp
// operations, asynchronous copies.
#include "fiber.h"
#include "look.h"

#include <cstdarg>
#include <sys/mman.h>

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

namespace emu {

static Fiber main_fiber;
static Fiber *current = &main_fiber, *previous;
static const void *main_stack;
static size_t main_stack_size;
static std::vector<Fiber *> &pool = *new std::vector<Fiber *>;  /* never destroyed: leaks are looked for at exit */
Block *current_block;

void fail(const char *file, int line, const char *format, ...)
{
	va_list list;

	fprintf(stderr, "cuda_emu: ERROR at %s:%d: block (%u,%u,%u) thread (%u,%u,%u): ", file, line, blockIdx.x, blockIdx.y,
		blockIdx.z, threadIdx.x, threadIdx.y, threadIdx.z);
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fputc('\n', stderr);
	if (__sanitizer_print_stack_trace != nullptr)
		__sanitizer_print_stack_trace();
	fflush(nullptr);
	abort();
}

// ---- the switch itself ---------------------------------------------------------------------

extern "C" void emu_switch_stack(void **save, void *load);
#if defined(__x86_64__)
asm(".text\n.globl emu_switch_stack\n.hidden emu_switch_stack\n.type emu_switch_stack,@function\nemu_switch_stack:\n"
    "push %rbp\npush %rbx\npush %r12\npush %r13\npush %r14\npush %r15\n"
    "mov %rsp,(%rdi)\nmov %rsi,%rsp\n"
    "pop %r15\npop %r14\npop %r13\npop %r12\npop %rbx\npop %rbp\nret\n.size emu_switch_stack,.-emu_switch_stack\n");
#elif defined(__aarch64__)
asm(".text\n.globl emu_switch_stack\n.hidden emu_switch_stack\n.type emu_switch_stack,%function\nemu_switch_stack:\n"
    "sub sp,sp,#176\nstp x19,x20,[sp]\nstp x21,x22,[sp,#16]\nstp x23,x24,[sp,#32]\nstp x25,x26,[sp,#48]\n"
    "stp x27,x28,[sp,#64]\nstp x29,x30,[sp,#80]\nstp d8,d9,[sp,#96]\nstp d10,d11,[sp,#112]\nstp d12,d13,[sp,#128]\n"
    "stp d14,d15,[sp,#144]\nmov x9,sp\nstr x9,[x0]\nmov sp,x1\nldp x19,x20,[sp]\nldp x21,x22,[sp,#16]\n"
    "ldp x23,x24,[sp,#32]\nldp x25,x26,[sp,#48]\nldp x27,x28,[sp,#64]\nldp x29,x30,[sp,#80]\nldp d8,d9,[sp,#96]\n"
    "ldp d10,d11,[sp,#112]\nldp d12,d13,[sp,#128]\nldp d14,d15,[sp,#144]\nadd sp,sp,#176\nret\n");
#else
#error "the emulation knows x86-64 and aarch64"
#endif

/* Right after a switch, on the new stack. */
static void arrived(void *fake_stack)
{
	const void *stack;
	size_t size;

	if (!asan())
		return;
	__sanitizer_finish_switch_fiber(fake_stack, &stack, &size);
	if (previous == &main_fiber) {
		main_stack = stack;
		main_stack_size = size;
	}
}

static void switch_to(Fiber *to)
{
	Fiber *from = current;

	if (from == to)
		return;
	previous = from;
	current = to;
	threadIdx = to->thread;
	if (tsan())
		__tsan_switch_to_fiber(to->tsan_fiber, 1);      /* orders nothing */
	if (asan() && to == &main_fiber)
		__sanitizer_start_switch_fiber(&from->fake_stack, main_stack, main_stack_size);
	else if (asan())
		__sanitizer_start_switch_fiber(&from->fake_stack, to->stack, STACK);
	emu_switch_stack(&from->sp, to->sp);
	arrived(from->fake_stack);
}

void adopt_host_thread()
{
	if (tsan())
		main_fiber.tsan_fiber = __tsan_get_current_fiber();
}

// ---- whose turn it is ----------------------------------------------------------------------

static Fiber *&place(Block *b, size_t i) { return b->ready[(b->head + i) & b->mask]; }

void make_ready(Block *b, Fiber *f)
{
	f->state = Fiber::READY;
	place(b, b->n_ready++) = f;
}

static Fiber *pick(Block *b)
{
	size_t i;
	Fiber *f;

	if (b->n_ready == 0)
		return nullptr;
	i = settings.order == EMU_FORWARD ? 0 : settings.order == EMU_REVERSE ? b->n_ready - 1 : random_below(unsigned(b->n_ready));
	f = place(b, i);
	b->n_ready--;
	if (i == 0)
		b->head = (b->head + 1) & b->mask;
	else
		place(b, i) = place(b, b->n_ready);
	return f;
}

static void reschedule()
{
	Fiber *f = pick(current_block);

	switch_to(f != nullptr ? f : &main_fiber);
}

static void wait_in(Fiber::State state, const char *file, int line)
{
	current->state = state;
	current->file = file;
	current->line = line;
	reschedule();
}

void yield()
{
	Block *b = current_block;

	if (current == &main_fiber)
		return;
	make_ready(b, current);
	if (settings.order == EMU_REVERSE) {    /* to the far end, or it would be next again */
		b->n_ready--;
		b->head = (b->head + b->mask) & b->mask;
		b->n_ready++;
		place(b, 0) = current;
	}
	/* All of a block may wait for another block, where all are resident. */
	if (b->grid->launch->whole && ++b->spins > 2 * b->n_ready) {
		b->spins = 0;
		b->spinning = true;
		switch_to(&main_fiber);
	} else {
		reschedule();
	}
}

void maybe_yield()
{
	if (settings.order == EMU_RANDOM && current != &main_fiber && random_below(4) == 0)
		yield();
}

void enter_block(Block *b)
{
	Fiber *f;

	current_block = b;
	blockIdx = b->index;
	b->spinning = false;
	if ((f = pick(b)) != nullptr)
		switch_to(f);
}

// ---- the life of a thread --------------------------------------------------------------------

static bool complete(const Warp *w, const Meeting *m) { return m->arrived != 0 && m->arrived == (m->mask & w->alive); }

static void release_meeting(Block *b, Warp *w, Meeting *m)      /* wakes every lane but the running one */
{
	m->took_part = m->pending = m->arrived;
	m->arrived = 0;
	m->generation++;
	b->spins = 0;
	for (int i = 0; i < 32; i++)
		if ((m->took_part >> i & 1) != 0 && w->lane[i] != current)
			make_ready(b, w->lane[i]);
}

static void begin_thread(Fiber *f)
{
	Grid *g = f->block->grid;

	hb_acquire(&g->start);
	for (const auto &tag : g->launch->early ? g->order->early : g->order->before)
		hb_acquire(tag.get());
}

static void end_thread(Fiber *f)
{
	Block *b = f->block;

	if (!f->copies.empty())
		fail("?", 0, "the thread ends with %zu cp.async copies never waited for", f->copies.size());
	if (b->grid->order->done != nullptr)
		hb_release(b->grid->order->done.get());
	f->state = Fiber::DONE;
	b->alive--;
	b->spins = 0;
	f->warp->alive &= ~(1u << f->lane);
	for (auto &m : f->warp->meetings)
		if (complete(f->warp, m.get()))
			release_meeting(b, f->warp, m.get());
}

static void fiber_main()
{
	arrived(nullptr);
	for (;;) {
		begin_thread(current);
		(*current->block->grid->body)();
		end_thread(current);
		reschedule();
	}
}

static char *map_stack(char *at, size_t n)
{
	void *m = mmap(at, n, PROT_READ | PROT_WRITE, (at != nullptr ? MAP_FIXED : 0) | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (m == MAP_FAILED)
		misuse("no memory for the stack of a thread");
	return static_cast<char *>(m);
}

/* As if fiber_main() had been called and had not begun. Stacks begin at places that differ within a page: at one
 * and the same the threads of a warp would push each other out of the processor's cache. */
static void set_up_stack(Fiber *f)
{
	char *end = f->stack + STACK - f->colour;
	void **p;

#if defined(__x86_64__)
	p = reinterpret_cast<void **>(end);
	*--p = nullptr;                 /* after the ret, rsp is 8 mod 16, as after a call */
	*--p = reinterpret_cast<void *>(fiber_main);
	for (int i = 0; i < 6; i++)
		*--p = nullptr;
#else
	p = reinterpret_cast<void **>(end - 176);
	memset(p, 0, 176);
	p[11] = reinterpret_cast<void *>(fiber_main);
#endif
	f->sp = p;
}

static Fiber *new_fiber(size_t i)
{
	Fiber *f = new Fiber;
	size_t page = 4096;
	char *m = map_stack(nullptr, STACK + page);

	mprotect(m, page, PROT_NONE);   /* a stack that overflows is a SIGSEGV */
	f->stack = m + page;
	f->colour = i % 32 * 128;
	set_up_stack(f);
	if (tsan())
		f->tsan_fiber = __tsan_create_fiber(0);
	return f;
}

/* The page that a thread's calls reached: the kernel knows which it had to bring. */
static char *deepest_page(const Fiber *f)
{
	unsigned char there[STACK / 4096];
	size_t i = 0;

	if (mincore(f->stack, STACK, there) != 0)
		return f->stack;
	while (i < STACK / 4096 && (there[i] & 1) == 0)
		i++;
	return f->stack + i * 4096;
}

/* To ThreadSanitizer thread t of two blocks is not one thread, and the second has not the stack of the
 * first: it forgets what was done with pages that are mapped anew. */
void make_new_thread(Fiber *f)
{
	char *page = deepest_page(f);

	__tsan_destroy_fiber(f->tsan_fiber);
	f->tsan_fiber = __tsan_create_fiber(0);
	map_stack(page, size_t(f->stack + STACK - page));
	set_up_stack(f);
}

Fiber *pooled_fiber(size_t i)
{
	while (pool.size() <= i)
		pool.push_back(new_fiber(pool.size()));
	return pool[i];
}

// ---- barriers ----------------------------------------------------------------------------------

static void release_block(Block *b)
{
	b->generation++;
	b->arrived = 0;
	if (looked_at)
		see_barrier();
	b->spins = 0;
	b->file = nullptr;
	for (Fiber *f : b->fibers)
		if (f->state == Fiber::BARRIER && f != current)
			make_ready(b, f);
}

static int first_vote(Vote vote) { return vote == VOTE_AND ? 1 : 0; }

int block_sync(Vote vote, int predicate, const char *file, int line)
{
	Block *b = current_block;
	unsigned g = b->generation & 1;

	if (b->arrived == 0) {
		b->file = file;
		b->line = line;
		b->vote[g] = first_vote(vote);
	} else if (b->line != line || strcmp(b->file, file) != 0) {
		fail(file, line, "divergent barrier: other threads of this block wait at %s:%d", b->file, b->line);
	}
	if (vote == VOTE_COUNT)
		b->vote[g] += predicate != 0;
	else if (vote == VOTE_AND)
		b->vote[g] &= predicate != 0;
	else if (vote == VOTE_OR)
		b->vote[g] |= predicate != 0;
	if (looked_at)
		see_meeting();
	hb_release(&b->tag[g]);
	current->state = Fiber::BARRIER;
	if (++b->arrived < b->n) {
		wait_in(Fiber::BARRIER, file, line);
	} else {
		release_block(b);
		if (settings.order != EMU_FORWARD) {    /* the last to come need not be the first to go */
			make_ready(b, current);
			reschedule();
		}
		current->state = Fiber::READY;
	}
	hb_acquire(&b->tag[g]);
	return b->vote[g];
}

void grid_sync(const char *file, int line)
{
	Grid *g = current_block->grid;
	unsigned k = g->barrier_generation & 1;

	if (!g->launch->whole)
		fail(file, line, "grid sync in a launch that is not cooperative");
	hb_release(&g->barrier[k]);
	current_block->at_grid_barrier++;
	wait_in(Fiber::GRID, file, line);
	hb_acquire(&g->barrier[k]);
	hb_acquire(&g->start);
}

static Meeting *meeting_of(Warp *w, unsigned mask)
{
	for (auto &m : w->meetings)
		if (m->mask == mask)
			return m.get();
	for (auto &m : w->meetings)
		if (m->arrived == 0 && m->pending == 0)
			return m.get();
	Quiet quiet;

	w->meetings.emplace_back(new Meeting);
	return w->meetings.back().get();
}

/* Not memcpy, which ThreadSanitizer would look at. A value is whole words. */
static void hand_over(char *slot, const void *value, size_t n)
{
	for (size_t i = 0; i < n; i += 4)
		*reinterpret_cast<volatile uint32_t *>(slot + i) = *reinterpret_cast<const volatile uint32_t *>(static_cast<const char *>(value) + i);
}

Warp_view warp_sync(unsigned mask, Op op, const void *value, size_t n, const char *file, int line, void (*combine)(char *slots))
{
	Fiber *me = current;
	Warp *w = me->warp;
	Meeting *m = meeting_of(w, mask);
	unsigned k = m->generation & 1;

	if ((mask >> me->lane & 1) == 0)
		fail(file, line, "lane %u calls a warp operation whose mask %08x leaves it out", me->lane, mask);
	m->mask = mask;
	if (m->arrived == 0) {
		m->op = op;
		m->file = file;
		m->line = line;
	} else if (m->op != op) {
		fail(file, line, "lanes of one warp disagree: others wait in another warp operation at %s:%d", m->file, m->line);
	}
	if (looked_at)
		see_meeting();
	hand_over(m->slot[k] + me->lane * SLOT, value, n);
	m->arrived |= 1u << me->lane;
	if (op == OP_SYNCWARP)
		hb_release(&m->tag[k]);         /* it alone orders memory */
	if (!complete(w, m)) {
		wait_in(Fiber::WARP, file, line);
	} else {
		if (combine != nullptr)
			combine(m->slot[k]);
		release_meeting(current_block, w, m);
		if (settings.order != EMU_FORWARD) {
			make_ready(current_block, me);
			reschedule();
		}
	}
	m->pending &= ~(1u << me->lane);
	if (op == OP_SYNCWARP)
		hb_acquire(&m->tag[k]);
	return {m->slot[k], m->took_part};
}

Fiber *running_fiber() { return current; }
unsigned lane_id() { return current->lane; }
void *dynamic_shared() { return current_block->dynamic; }

/* An early kernel has seen nothing of the kernel before it until it waits. */
void grid_wait()
{
	current->waited = current_block->waited = true;
	if (current_block->grid->launch->early)
		for (const auto &tag : current_block->grid->order->before)
			hb_acquire(tag.get());
}

/* The kernel after this one may then begin. It counts on this one's having seen the end of the one before: whoever
 * releases first lets a kernel run beside one that is two before it, and nothing orders these. */
void grid_release()
{
	if (current_block->grid->launch->early && !current->waited)
		misuse("%s was launched early, and thread %u of block (%u,%u,%u) calls grid_release() before grid_wait()",
			kernel_name(current_block->grid->launch->kernel), current->index, current_block->index.x, current_block->index.y,
			current_block->index.z);
}

// ---- cp.async --------------------------------------------------------------------------------

void copy_async(void *to, const void *from, size_t n, size_t valid)
{
	if (reinterpret_cast<uintptr_t>(to) % n != 0 || reinterpret_cast<uintptr_t>(from) % n != 0)
		fail("cp.async", 0, "misaligned copy of %zu bytes", n);
	if (valid > n)
		fail("cp.async", 0, "%zu valid bytes of %zu", valid, n);
	if (looked_at)
		see_copy(from, valid);
	Quiet quiet;

	current->copies.push_back({to, from, n, valid, current->copy_group});
}

void copy_async_commit() { current->copy_group++; }

/* The bytes move now, not before: a missing wait shows. memcpy is the sanitizers' own here. */
static void move(const Pending_copy &c)
{
	memcpy(c.to, c.from, c.valid);
	memset(static_cast<char *>(c.to) + c.valid, 0, c.n - c.valid);
}

void copy_async_wait(int left)
{
	size_t k = 0;

	if (looked_at && left == 0)
		see_copies_end();
	while (k < current->copies.size() && int(current->copy_group - current->copies[k].group) > left)
		move(current->copies[k++]);
	Quiet quiet;

	current->copies.erase(current->copies.begin(), current->copies.begin() + long(k));
}

}  // namespace emu
