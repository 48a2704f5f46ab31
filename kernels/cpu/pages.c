/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pages.c - the part of a slot that grows: counted pages of positions.
 *
 * A copy of a slot shares its pages, the last one too, though it is not full. Whoever is about to write to a
 * page that somebody else has takes a copy of it first. So a page that is shared never changes.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cpu/cpu.h"
#include "base/memory.h"
#include "base/size.h"

#include <string.h>

static size_t pages_of(uint64_t n_positions)
{
	return (size_t)(n_positions / PAGE_POSITIONS + (n_positions % PAGE_POSITIONS > 0));
}

/* With the content of another, or zero. */
static struct cpu_page *page_new(const struct emodel *model, const struct cpu_page *like)
{
	struct cpu_page *page = NULL;
	size_t n = model->page_floats;

	if (krait__add_size(&n, n, sizeof(*page) / sizeof(float)))
		page = krait__alloc_vectors(n, sizeof(float));
	if (!page)
		return NULL;
	atomic_init(&page->owners, 1);
	if (like)
		memcpy(page->data, like->data, model->page_floats * sizeof(float));
	else
		memset(page->data, 0, model->page_floats * sizeof(float));
	return page;
}

static void page_release(struct cpu_page *page)
{
	if (atomic_fetch_sub_explicit(&page->owners, 1, memory_order_acq_rel) == 1)
		krait__free(page);
}

static bool make_room(struct slot *slot, size_t n_pages)
{
	size_t room = slot->page_room < n_pages / 2 ? n_pages : 2 * slot->page_room;
	struct cpu_page **pages;

	if (n_pages <= slot->page_room)
		return true;
	pages = krait__resize(slot->pages, room < n_pages ? n_pages : room, sizeof(*pages));
	if (!pages)
		return false;
	slot->pages = pages;
	slot->page_room = room < n_pages ? n_pages : room;
	return true;
}

/* Page `index` becomes the slot's own. */
static bool take_page(struct slot *slot, size_t index)
{
	struct cpu_page *old = index < slot->n_pages ? slot->pages[index] : NULL, *page;

	if (old && atomic_load_explicit(&old->owners, memory_order_acquire) == 1)
		return true;
	page = page_new(slot->model, old);
	if (!page)
		return false;
	slot->pages[index] = page;
	if (old)
		page_release(old);
	else
		slot->n_pages++;
	return true;
}

bool krait__pages_reserve(struct slot *slot, uint64_t n)
{
	size_t had = slot->n_pages, n_pages;
	uint64_t end, all;

	if (slot->model->page_floats == 0 || n == 0)
		return true;
	if (!krait__add_u64(&end, slot->n_positions, n) || !krait__mul_u64(&all, end, slot->model->page_floats)
			|| all > SIZE_MAX)
		return false;
	n_pages = pages_of(end);
	if (!make_room(slot, n_pages))
		return false;
	for (size_t i = (size_t)(slot->n_positions / PAGE_POSITIONS); i < n_pages; i++)
		if (!take_page(slot, i)) {
			while (slot->n_pages > had)
				page_release(slot->pages[--slot->n_pages]);
			return false;
		}
	return true;
}

bool krait__pages_share(struct slot *to, const struct slot *from)
{
	size_t n = from->n_pages ? pages_of(from->n_positions) : 0;

	if (to == from)
		return true;
	if (!make_room(to, n))
		return false;
	krait__pages_trim(to, 0);
	for (size_t i = 0; i < n; i++) {
		atomic_fetch_add_explicit(&from->pages[i]->owners, 1, memory_order_relaxed);
		to->pages[i] = from->pages[i];
	}
	to->n_pages = n;
	return true;
}

void krait__pages_trim(struct slot *slot, uint64_t n_positions)
{
	while (slot->n_pages > pages_of(n_positions))
		page_release(slot->pages[--slot->n_pages]);
}
