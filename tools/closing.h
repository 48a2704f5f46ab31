/* SPDX-License-Identifier: Apache-2.0 */
/* closing.h - messages to tokens, and how a template closes an answer. */
#ifndef TOOLS_CLOSING_H
#define TOOLS_CLOSING_H

#include "conversation.h"

/* The first n_messages as tokens; NULL after saying why not. */
krait_token *closing_encode(krait_chat *chat, const json_t *messages, size_t n_messages, bool generate, size_t *n_tokens);

bool closing_begins(const krait_token *whole, size_t n_whole, const krait_token *part, size_t n_part);

/* Makes the session stop where the template closes an answer. False after saying why not. */
bool closing_stops(const struct setup *setup, krait_session *session);

#endif
