/* SPDX-License-Identifier: Apache-2.0 */
/*
 * random_fill.c - random weights at the speed of memory. Large tensors are filled by a
 * counter-based generator, 64 bits at a time: each lane keeps a random sign, mantissa and
 * last bit of the exponent, so that values lie in +-[2^e, 2^(e+2)) without any arithmetic
 * on floats. Small ones are drawn as trained models start.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "model/random.h"

#include <math.h>
#include <string.h>

#define LANE_RMS 2.415          /* of a value in +-[1, 4) as drawn here */
#define EMBEDDING_RMS 0.02
#define DT_LOW 0.001
#define DT_HIGH 0.1

/* The finaliser of SplitMix64 (Steele, Lea, Flood 2014) over seed and counter. */
static inline uint64_t draw(uint64_t seed, uint64_t counter)
{
	uint64_t x = seed * 0xD1B54A32D192ED03u + (counter + 1) * 0x9E3779B97F4A7C15u;

	x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
	x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
	return x ^ (x >> 31);
}

static double uniform(uint64_t seed, uint64_t counter)
{
	return (double)(draw(seed, counter) >> 11) * 0x1p-53;
}

struct lanes { unsigned bits, mantissa, bias; };

static struct lanes lanes_of(enum dtype type)
{
	if (type == DTYPE_F32)
		return (struct lanes){ 32, 23, 127 };
	return type == DTYPE_F16 ? (struct lanes){ 16, 10, 15 } : (struct lanes){ 16, 7, 127 };
}

/* Values of about this root mean square. */
static void fill_lanes(unsigned char *out, enum dtype type, uint64_t count, double rms, uint64_t seed)
{
	struct lanes lanes = lanes_of(type);
	int exponent = (int)lround(log2(rms / LANE_RMS)) + (int)lanes.bias;
	uint64_t keep = (1ull << (lanes.bits - 1)) | ((1ull << (lanes.mantissa + 1)) - 1), base;
	uint64_t bytes = count * (lanes.bits / 8), at = 0;

	/* The exponent's last bit is random, so the fixed part is even. */
	exponent = exponent < 2 ? 2 : exponent & ~1;
	base = (uint64_t)exponent << lanes.mantissa;
	for (unsigned shift = lanes.bits; shift < 64; shift *= 2) {
		keep |= keep << shift;
		base |= base << shift;
	}
	for (; at + 8 <= bytes; at += 8) {
		uint64_t word = (draw(seed, at / 8) & keep) | base;

		memcpy(out + at, &word, 8);
	}
	if (at < bytes) {
		uint64_t word = (draw(seed, at / 8) & keep) | base;

		memcpy(out + at, &word, (size_t)(bytes - at));
	}
}

/* The inverse of softplus, of a step drawn evenly on a log scale. */
static float dt_bias(double u)
{
	double dt = exp(log(DT_LOW) + u * (log(DT_HIGH) - log(DT_LOW)));

	return (float)(dt + log(-expm1(-dt)));
}

static float small_value(enum fill fill, uint64_t i, uint64_t last_axis, double u)
{
	switch (fill) {
	case FILL_NORM:
	case FILL_ONE:
		return (float)(0.9 + 0.2 * u);
	case FILL_CONV:
	case FILL_ROUTER:
		return (float)((2 * u - 1) / sqrt((double)last_axis));
	case FILL_A_ROWS:
		return (float)log((double)(i % last_axis + 1));
	case FILL_A_HEADS:
		return (float)log(1 + 15 * u);
	case FILL_DT_BIAS:
		return dt_bias(u);
	default:
		return (float)(0.02 * (2 * u - 1));
	}
}

void krait__random_fill(void *out, const struct tensor *tensor, const struct tensor_rule *rule, uint64_t seed)
{
	uint64_t count = 1, last = tensor->shape[tensor->rank - 1];
	float *floats = out;

	for (uint32_t i = 0; i < tensor->rank; i++)
		count *= tensor->shape[i];
	if (rule->fill == FILL_MATRIX || rule->fill == FILL_EMBEDDING) {
		fill_lanes(out, tensor->type, count, rule->fill == FILL_MATRIX ? 1 / sqrt((double)last) : EMBEDDING_RMS, seed);
		return;
	}
	for (uint64_t i = 0; i < count; i++)
		floats[i] = small_value(rule->fill, i, last, uniform(seed, i));
}
