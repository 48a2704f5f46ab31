/* SPDX-License-Identifier: Apache-2.0 */
/* automaton.c - Aho and Corasick, "Efficient string matching", on reversed text. */
#include "text/automaton.h"
#include "text/grow.h"

#include <string.h>

#define NO_VALUE UINT32_MAX
#define NODES_MOST (1u << 28)

struct automaton_node {
	uint32_t parent, fail;
	uint32_t depth;
	uint32_t value;                 /* of the longest pattern that ends here */
	unsigned char byte;
};
struct automaton_edge {
	uint64_t key;                   /* node << 8 | byte, plus 1; 0 where empty */
	uint32_t target;
};

static struct automaton_edge *edge_at(const struct automaton *a, uint32_t node, unsigned char byte)
{
	uint64_t key = ((uint64_t)node << 8 | byte) + 1, at = key * a->multiplier >> a->shift;

	while (a->edges[at].key != 0 && a->edges[at].key != key)
		at = (at + 1) & a->mask;
	return &a->edges[at];
}

static uint32_t child(const struct automaton *a, uint32_t node, unsigned char byte)
{
	const struct automaton_edge *edge = edge_at(a, node, byte);

	return edge->key ? edge->target : 0;
}

static void add_pattern(struct automaton *a, const struct pattern *pattern)
{
	uint32_t node = 0;

	for (size_t i = pattern->n_text; i-- > 0;) {
		unsigned char byte = (unsigned char)pattern->text[i];
		struct automaton_edge *edge = edge_at(a, node, byte);

		if (!edge->key) {
			struct automaton_node *fresh = &a->nodes[a->n_nodes];

			*fresh = (struct automaton_node){ node, 0, a->nodes[node].depth + 1, NO_VALUE, byte };
			edge->key = ((uint64_t)node << 8 | byte) + 1;
			edge->target = (uint32_t)a->n_nodes++;
		}
		node = edge->target;
	}
	if (a->nodes[node].value == NO_VALUE)
		a->nodes[node].value = pattern->value;
	a->last[(unsigned char)pattern->text[pattern->n_text - 1]] = true;
}

/* The nodes in the order of their depth, by counting. NULL: out of memory. */
static uint32_t *by_depth(const struct automaton *a)
{
	size_t deepest = 0, sum = 0;
	uint32_t *order, *counts;

	for (size_t i = 0; i < a->n_nodes; i++)
		if (a->nodes[i].depth > deepest)
			deepest = a->nodes[i].depth;
	order = krait__alloc(a->n_nodes, sizeof(*order));
	counts = krait__alloc_zero(deepest + 1, sizeof(*counts));
	if (order && counts) {
		for (size_t i = 0; i < a->n_nodes; i++)
			counts[a->nodes[i].depth]++;
		for (size_t d = 0; d <= deepest; d++) {
			uint32_t n = counts[d];

			counts[d] = (uint32_t)sum;
			sum += n;
		}
		for (size_t i = 0; i < a->n_nodes; i++)
			order[counts[a->nodes[i].depth]++] = (uint32_t)i;
	} else {
		krait__free(order);
		order = NULL;
	}
	krait__free(counts);
	return order;
}

static uint32_t step(const struct automaton *a, uint32_t node, unsigned char byte, uint64_t *steps)
{
	for (;;) {
		uint32_t target = child(a, node, byte);

		++*steps;
		if (target || node == 0)
			return target;
		node = a->nodes[node].fail;
	}
}

static bool link_nodes(struct automaton *a)
{
	uint32_t *order = by_depth(a);
	uint64_t steps = 0;

	if (!order)
		return false;
	for (size_t i = 1; i < a->n_nodes; i++) {
		struct automaton_node *node = &a->nodes[order[i]];

		if (node->depth > 1)
			node->fail = step(a, a->nodes[node->parent].fail, node->byte, &steps);
		if (node->value == NO_VALUE)
			node->value = a->nodes[node->fail].value;
	}
	krait__free(order);
	return true;
}

bool krait__automaton_build(struct automaton *out, const struct pattern *patterns, size_t n, uint64_t seed)
{
	size_t total = 1;
	unsigned bits = 4;

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < n; i++)
		if (!krait__add_size(&total, total, patterns[i].n_text) || total > NODES_MOST)
			return false;
	if (n == 0)
		return true;
	while ((size_t)1 << bits < 2 * total)
		bits++;
	out->mask = ((size_t)1 << bits) - 1;
	out->shift = 64 - bits;
	out->multiplier = seed | 1;
	out->nodes = krait__alloc(total, sizeof(*out->nodes));
	out->edges = krait__alloc_zero((size_t)1 << bits, sizeof(*out->edges));
	if (out->nodes && out->edges) {
		out->nodes[0] = (struct automaton_node){ 0, 0, 0, NO_VALUE, 0 };
		out->n_nodes = 1;
		for (size_t i = 0; i < n; i++)
			add_pattern(out, &patterns[i]);
		if (link_nodes(out))
			return true;
	}
	krait__automaton_free(out);
	return false;
}

void krait__automaton_free(struct automaton *automaton)
{
	krait__free(automaton->nodes);
	krait__free(automaton->edges);
	memset(automaton, 0, sizeof(*automaton));
}

bool krait__automaton_run(const struct automaton *automaton, const char *text, size_t n_text, struct occurrences *out, uint64_t *steps)
{
	uint32_t node = 0;

	out->size = 0;
	*steps += n_text;
	for (size_t i = n_text; i-- > 0;) {
		unsigned char byte = (unsigned char)text[i];

		if (node == 0 && !automaton->last[byte])
			continue;
		node = step(automaton, node, byte, steps);
		if (automaton->nodes[node].value == NO_VALUE)
			continue;
		if (!KRAIT_GROW(out, 1))
			return false;
		out->items[out->size++] = (struct occurrence){ i, automaton->nodes[node].value };
	}
	return true;
}
