/* SPDX-License-Identifier: Apache-2.0 */
/* turn.h - a lock that serves its callers in the order in which they came. */
#ifndef KRAIT_BASE_TURN_H
#define KRAIT_BASE_TURN_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct turn {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint64_t next, serving;
};

bool krait__turn_init(struct turn *turn);
void krait__turn_destroy(struct turn *turn);
void krait__turn_take(struct turn *turn);
void krait__turn_leave(struct turn *turn);

#endif
