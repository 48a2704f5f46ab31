/* SPDX-License-Identifier: Apache-2.0 */
/* automaton.h - finds many texts in one, each time the longest at the leftmost place,
 * in time linear in the text whatever the texts are. */
#ifndef KRAIT_TEXT_AUTOMATON_H
#define KRAIT_TEXT_AUTOMATON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An Aho-Corasick automaton of the reversed patterns. It is run from the end of the text to its
 * beginning: the longest pattern that ends at a state then is the longest that begins there. */
struct automaton {
	struct automaton_node *nodes;
	struct automaton_edge *edges;   /* hash table by node and byte */
	size_t n_nodes, mask;
	uint64_t multiplier;
	unsigned shift;
	bool last[256];                 /* bytes that end a pattern */
};

struct pattern { const char *text; size_t n_text; uint32_t value; };
struct occurrence { size_t at; uint32_t value; };
struct occurrences { struct occurrence *items; size_t size, room; };

/* Of equal patterns the first counts; none is empty. False: out of memory, or too much text. */
bool krait__automaton_build(struct automaton *out, const struct pattern *patterns, size_t n, uint64_t seed);
void krait__automaton_free(struct automaton *automaton);

/* For each place, from the last to the first, where patterns begin: the longest. False: out of memory. */
bool krait__automaton_run(const struct automaton *automaton, const char *text, size_t n_text, struct occurrences *out, uint64_t *steps);

#endif
