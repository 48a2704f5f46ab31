/* SPDX-License-Identifier: Apache-2.0 */
/* spans.h - what every engine asks of the spans of a call before it divides them into passes. */
#ifndef KRAIT_KERNELS_SPANS_H
#define KRAIT_KERNELS_SPANS_H

#include "engine.h"

static inline size_t krait__smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Whether a span has anything left to do; one whose cancel was asked for ends here. */
static inline bool krait__span_active(struct span *span)
{
	if (span->status != KRAIT_OK || span->n_done == span->n)
		return false;
	if (span->cancel && atomic_load(span->cancel))
		span->status = KRAIT_CANCELLED;
	return span->status == KRAIT_OK;
}

/* How many of its last positions' hidden vectors a span wants. */
static inline size_t krait__span_kept(const struct span *span)
{
	return krait__smaller(span->n_keep, span->n);
}

static inline void krait__span_begin(struct span *span)
{
	span->n_done = 0;
	span->status = KRAIT_OK;
}

#endif
