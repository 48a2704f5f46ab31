/* SPDX-License-Identifier: Apache-2.0 */
/* published.h - what belongs to models that are published without it. */
#ifndef KRAIT_MODEL_PUBLISHED_H
#define KRAIT_MODEL_PUBLISHED_H

struct published {
	const char *start;              /* how the model's name begins */
	const char *tokenizer;          /* the model whose tokenizer is also this one's, or NULL */
	const char *chat_template;      /* a built-in template by name, or NULL */
};

/* By the name of a model, "org/name" with or without a revision; NULL: it brings all that it needs. */
const struct published *krait__published(const char *name);

#endif
