/* SPDX-License-Identifier: Apache-2.0 */
/* interrupt.c - the signal handler and its two variables. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "interrupt.h"

#include "verbs.h"

#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

/* So many unanswered signals mean that nothing is listening any more. */
#define ENOUGH 3

static atomic_int n_seen;
static _Atomic(krait_session *) watched;

static void handle(int number)
{
	krait_session *session = atomic_load(&watched);

	(void)number;
	if (atomic_fetch_add(&n_seen, 1) + 1 >= ENOUGH)
		_exit(STATUS_INTERRUPTED);
	if (session)
		krait_session_cancel(session);
}

void interrupt_install(void)
{
	struct sigaction action;

	memset(&action, 0, sizeof action);
	sigemptyset(&action.sa_mask);
	action.sa_handler = handle;
	sigaction(SIGINT, &action, NULL);
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
}

void interrupt_watch(krait_session *session)
{
	atomic_store(&watched, session);
}

bool interrupt_seen(void)
{
	return atomic_load(&n_seen) > 0;
}

void interrupt_clear(void)
{
	atomic_store(&n_seen, 0);
}
