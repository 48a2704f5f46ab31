/* SPDX-License-Identifier: Apache-2.0 */
/* back.h - going back, and becoming another moment. */
#ifndef KRAIT_SESSION_BACK_H
#define KRAIT_SESSION_BACK_H

#include "session/session.h"

/* To an earlier position: from the nearest moment, reading again what lies between. Bit-exact where calls ended, and
 * everywhere on an engine for which division does not matter.
 * Errors: ARGUMENT, MEMORY, CANCELLED; nothing changed then. */
krait_status krait__back_to(krait_session *session, uint64_t position, bool cancellable);

/* As if exactly these had been read by an empty session; `mark` as in an entry. */
krait_status krait__back_feed_to(krait_session *session, const krait_token *tokens, size_t n, uint64_t mark, size_t *n_reused);

/* How many of these tokens that would not have to read: work grows with n. */
size_t krait__back_common(const krait_session *session, const krait_token *tokens, size_t n);

/* The session becomes the moment. The text is the session's. */
krait_status krait__back_restore(krait_session *session, struct session_moment *moment);
/* The session becomes what another one of the same model is now, `from` being entered. */
krait_status krait__back_copy(krait_session *session, const krait_session *from);
/* What is now, for somebody who keeps it. NULL: the text is the session's. */
struct session_moment *krait__back_moment(krait_session *session);

#endif
