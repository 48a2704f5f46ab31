/* SPDX-License-Identifier: Apache-2.0 */
#include "base/turn.h"

bool krait__turn_init(struct turn *turn)
{
	turn->next = turn->serving = 0;
	if (pthread_mutex_init(&turn->lock, NULL))
		return false;
	if (pthread_cond_init(&turn->changed, NULL)) {
		pthread_mutex_destroy(&turn->lock);
		return false;
	}
	return true;
}

void krait__turn_destroy(struct turn *turn)
{
	pthread_cond_destroy(&turn->changed);
	pthread_mutex_destroy(&turn->lock);
}

void krait__turn_take(struct turn *turn)
{
	uint64_t ticket;

	pthread_mutex_lock(&turn->lock);
	ticket = turn->next++;
	while (turn->serving != ticket)
		pthread_cond_wait(&turn->changed, &turn->lock);
	pthread_mutex_unlock(&turn->lock);
}

void krait__turn_leave(struct turn *turn)
{
	pthread_mutex_lock(&turn->lock);
	turn->serving++;
	if (turn->serving != turn->next)
		pthread_cond_broadcast(&turn->changed);
	pthread_mutex_unlock(&turn->lock);
}
