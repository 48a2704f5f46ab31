/* SPDX-License-Identifier: Apache-2.0 */
/* look.h - what a kernel asks of memory, seen access by access. The runtime tells of launches, meetings and copies; the
 * accesses themselves come from seen.cpp, by which a program sees them whose kernels were compiled for it. */
#ifndef EMU_LOOK_H
#define EMU_LOOK_H

#include "fiber.h"

namespace emu {

enum { SECTOR = 32 };                   /* bytes in which the second-level cache answers */

extern bool looked_at;                  /* the running block is: what sees accesses is called only then */

/* A launch, which runs. While work is only counted, one like a launch before it is counted with that one. */
void look_at(const Launch &launch, const std::function<void()> &body, uint64_t bytes, const Order &order);
std::vector<unsigned> blocks_to_look_at(unsigned n);
bool looking();                         /* emu_look() asked for it */
bool look_begun();                      /* look_at() is at work */

void see_block(const Block *block);     /* which begins, if this is a grid to look at; NULL: it has ended */
void see_barrier();                     /* all its threads have met */
void see_meeting();                     /* of the running thread with others */
void see_load(const void *p, size_t n);
void see_copy(const void *p, size_t n); /* asked for ahead of its use */
void see_copies_end();                  /* all that were asked for are waited for */
void see_store(const void *p);
void see_atomic(const void *p);
void forget_looks();

}  // namespace emu
#endif
