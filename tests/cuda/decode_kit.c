/* SPDX-License-Identifier: Apache-2.0 */
/* decode_kit.c - see decode_kit.h. */
#include "decode_kit.h"

#include "base/dtype.h"
#include "support.h"

#include <math.h>
#include <stdlib.h>

#define MOST 4096

static uint64_t state = 1;
static void *on_device[MOST], *on_host[MOST];
static size_t n_on_device, n_on_host;

void kit_seed(uint64_t seed)
{
	state = seed * 2654435761u + 1;
}

float kit_random(float size)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return size * ((float)(state >> 40) * 0x1p-23f - 1.0f);
}

void *kit_keep(void *host)
{
	ck_assert_ptr_nonnull(host);
	ck_assert_uint_lt(n_on_host, MOST);
	return on_host[n_on_host++] = host;
}

float *kit_floats(size_t n, float size)
{
	float *out = kit_keep(malloc((n ? n : 1) * sizeof(*out)));

	for (size_t i = 0; i < n; i++)
		out[i] = kit_random(size);
	return out;
}

void *kit_device(const void *bytes, size_t n)
{
	void *out = NULL;

	if (!bytes)
		return NULL;
	ck_assert_uint_lt(n_on_device, MOST);
	ck_assert_int_eq(cudaMalloc(&out, n ? n : 1), cudaSuccess);
	ck_assert_int_eq(cudaMemcpy(out, bytes, n, cudaMemcpyHostToDevice), cudaSuccess);
	return on_device[n_on_device++] = out;
}

float *kit_device_floats(size_t n, float size, float **host)
{
	float *values = kit_floats(n, size);

	if (host)
		*host = values;
	return kit_device(values, n * sizeof(float));
}

float *kit_filled(size_t n, float value)
{
	float *values = kit_floats(n, 0);

	for (size_t i = 0; i < n; i++)
		values[i] = value;
	return kit_device(values, n * sizeof(float));
}

void kit_read(void *to, const void *device, size_t n)
{
	ck_assert_int_eq(cudaMemcpy(to, device, n, cudaMemcpyDeviceToHost), cudaSuccess);
}

float *kit_download(const float *device, size_t n)
{
	float *out = kit_floats(n, 0);

	kit_read(out, device, n * sizeof(float));
	return out;
}

void kit_free_all(void)
{
	while (n_on_device)
		ck_assert_int_eq(cudaFree(on_device[--n_on_device]), cudaSuccess);
	while (n_on_host)
		free(on_host[--n_on_host]);
}

/* ---- matrices ---- */

static int whole(float value, float scale, int most)
{
	float q = scale > 0 ? nearbyintf(value / scale) : 0;

	return q > (float)most ? most : q < (float)-most ? -most : (int)q;
}

void kit_quantise_row(const float *row, uint32_t k, uint32_t group, enum kc_type type, uint8_t *packed, float *scales)
{
	int most = type == KC_INT8 ? 127 : 7;

	for (uint32_t first = 0; first < k; first += group) {
		uint32_t end = k - first < group ? k : first + group;
		float top = 0, scale;

		for (uint32_t i = first; i < end; i++)
			top = fabsf(row[i]) > top ? fabsf(row[i]) : top;
		scale = scales[first / group] = top / (float)most;
		for (uint32_t i = first; i < end; i++) {
			int q = whole(row[i], scale, most);

			if (type == KC_INT8)
				packed[i] = (uint8_t)q;
			else if (i % 2 == 0)
				packed[i / 2] = (uint8_t)((q + 8) | 8 << 4);
			else
				packed[i / 2] = (uint8_t)((packed[i / 2] & 15) | (q + 8) << 4);
		}
	}
}

static void store_row(const float *row, uint32_t k, uint32_t group, enum kc_type type, uint8_t *bytes, float *scales, double *exact)
{
	if (type == KC_INT8 || type == KC_INT4)
		kit_quantise_row(row, k, group, type, bytes, scales);
	for (uint32_t i = 0; i < k; i++)
		switch (type) {
		case KC_F32:
			((float *)(void *)bytes)[i] = row[i];
			exact[i] = row[i];
			break;
		case KC_F16:
			((uint16_t *)(void *)bytes)[i] = krait__f16_from_float(row[i]);
			exact[i] = krait__f16_to_float(((uint16_t *)(void *)bytes)[i]);
			break;
		case KC_BF16:
			((uint16_t *)(void *)bytes)[i] = krait__bf16_from_float(row[i]);
			exact[i] = krait__bf16_to_float(((uint16_t *)(void *)bytes)[i]);
			break;
		case KC_INT8:
			exact[i] = (double)(int8_t)bytes[i] * scales[i / group];
			break;
		case KC_INT4:
			exact[i] = (double)((int)(i % 2 ? bytes[i / 2] >> 4 : bytes[i / 2] & 15) - 8) * scales[i / group];
			break;
		}
}

struct kit_matrix kit_matrix(enum kc_type type, uint32_t rows, uint32_t k, uint32_t group, float size)
{
	static const unsigned bits[] = { 32, 16, 16, 8, 4 };
	size_t pitch = ((size_t)k * bits[type] + 7) / 8, n_scales = (k + group - 1) / group;
	uint8_t *bytes = kit_keep(malloc(rows * pitch));
	float *row = kit_floats(k, 0), *scales = kit_floats(rows * n_scales, 0);
	struct kit_matrix out = { .w = kit_keep(malloc((size_t)rows * k * sizeof(double))) };

	for (uint32_t m = 0; m < rows; m++) {
		for (uint32_t i = 0; i < k; i++)
			row[i] = kit_random(size);
		store_row(row, k, group, type, bytes + m * pitch, scales + m * n_scales, out.w + (size_t)m * k);
	}
	out.m = (struct kc_matrix){ .data = kit_device(bytes, rows * pitch), .rows = rows, .k = k, .type = (uint16_t)type };
	if (type == KC_INT8 || type == KC_INT4) {
		out.m.group = (uint16_t)group;
		out.m.scales = kit_device(scales, rows * n_scales * sizeof(float));
	}
	return out;
}

/* ---- the answers ---- */

double kit_silu(double x)
{
	return x / (1 + exp(-x));
}

double kit_softplus(double x)
{
	return x > 20 ? x : log1p(exp(x));
}

void kit_norm(double *out, const float *x, const float *weight, const float *bias, uint32_t n, double eps, bool centred)
{
	double mean = 0, sum = 0;

	for (uint32_t i = 0; centred && i < n; i++)
		mean += x[i] / (double)n;
	for (uint32_t i = 0; i < n; i++)
		sum += (x[i] - mean) * (x[i] - mean);
	for (uint32_t i = 0; i < n; i++)
		out[i] = (x[i] - mean) / sqrt(sum / n + eps) * weight[i] + (bias ? bias[i] : 0);
}

void kit_multiply(double *out, const struct kit_matrix *m, const double *x)
{
	for (uint32_t i = 0; i < m->m.rows; i++) {
		out[i] = 0;
		for (uint32_t k = 0; k < m->m.k; k++)
			out[i] += m->w[(size_t)i * m->m.k + k] * x[k];
	}
}

double kit_error(const float *got, const double *want, size_t n)
{
	double square = 0, most = 0;

	for (size_t i = 0; i < n; i++)
		square += want[i] * want[i];
	for (size_t i = 0; i < n; i++) {
		double error = fabs(got[i] - want[i]) / (sqrt(square / (double)n) + 1e-30);

		if (!(error <= most))
			most = error == error ? error : 1e30;
	}
	return most;
}
