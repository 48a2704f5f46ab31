/* SPDX-License-Identifier: Apache-2.0 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "cuda/prefill_kit.h"
#include "kernels/buffers.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST 512

static void *devices[MOST], *hosts[MOST];
static size_t n_devices, n_hosts;

void *kit_host(size_t size)
{
	void *at = calloc(1, size ? size : 1);

	ck_assert(at && n_hosts < MOST);
	return hosts[n_hosts++] = at;
}

void *kit_device(const void *from, size_t size)
{
	void *at;

	ck_assert(n_devices < MOST);
	CALL(cudaMalloc(&at, size ? size : 1));
	if (from)
		CALL(cudaMemcpy(at, from, size, cudaMemcpyHostToDevice));
	return devices[n_devices++] = at;
}

void kit_fetch(void *to, const void *device, size_t size)
{
	CALL(cudaMemcpy(to, device, size, cudaMemcpyDeviceToHost));
}

void kit_end(void)
{
	CALL(cudaDeviceSynchronize());
	while (n_devices)
		CALL(cudaFree(devices[--n_devices]));
	while (n_hosts)
		free(hosts[--n_hosts]);
}

struct floats kit_floats(size_t n, float scale, float offset)
{
	float *host = kit_host(n * sizeof(float));

	random_fill(host, n, scale, offset);
	return (struct floats){ host, kit_device(host, n * sizeof(float)) };
}

double *kit_doubles(const float *from, size_t n)
{
	double *out = kit_host(n * sizeof(double));

	for (size_t i = 0; i < n; i++)
		out[i] = from[i];
	return out;
}

const char *kit_type_name(uint32_t type)
{
	static const char *const names[] = { "f32", "f16", "bf16", "int8", "int4" };

	return names[type];
}

static size_t bytes_of(uint32_t type)
{
	return type == KC_F32 ? 4 : 2;
}

static void put(void *data, size_t at, uint32_t type, float value)
{
	if (type == KC_F32)
		((float *)data)[at] = value;
	else
		((uint16_t *)data)[at] = type == KC_F16 ? krait__f16_from_float(value) : krait__bf16_from_float(value);
}

static float get(const void *data, size_t at, uint32_t type)
{
	if (type == KC_F32)
		return ((const float *)data)[at];
	return type == KC_F16 ? krait__f16_to_float(((const uint16_t *)data)[at]) : krait__bf16_to_float(((const uint16_t *)data)[at]);
}

struct activations kit_rows(uint32_t type, uint32_t n_rows, uint32_t width, uint32_t pad, float scale, float offset)
{
	struct activations a = { { NULL, width + pad, type }, kit_host(sizeof(double) * n_rows * width), n_rows, width };
	size_t size = (size_t)n_rows * a.rows.stride * bytes_of(type);
	void *host = kit_host(size);

	for (uint32_t r = 0; r < n_rows; r++)
		for (uint32_t c = 0; c < width + pad; c++) {
			size_t at = (size_t)r * a.rows.stride + c;

			put(host, at, type, random_float() * scale + offset);
			if (c < width)
				a.values[(size_t)r * width + c] = get(host, at, type);
		}
	a.rows.data = kit_device(host, size);
	return a;
}

void kit_read(struct activations *a)
{
	size_t size = (size_t)a->n_rows * a->rows.stride * bytes_of(a->rows.type);
	void *host = kit_host(size);

	kit_fetch(host, a->rows.data, size);
	for (uint32_t r = 0; r < a->n_rows; r++)
		for (uint32_t c = 0; c < a->width; c++)
			a->values[(size_t)r * a->width + c] = get(host, (size_t)r * a->rows.stride + c, a->rows.type);
}

struct kc_rows kit_columns(const struct activations *a, uint32_t from)
{
	return (struct kc_rows){ (char *)a->rows.data + from * bytes_of(a->rows.type), a->rows.stride, a->rows.type };
}

static struct weights quantised(uint32_t type, uint32_t rows, uint32_t k, uint32_t group)
{
	uint32_t groups = (k + group - 1) / group, pitch = type == KC_INT8 ? k : (k + 1) / 2;
	struct weights w = { { NULL, NULL, rows, k, (uint16_t)type, (uint16_t)group }, kit_host(sizeof(double) * rows * k) };
	struct floats scales = kit_floats((size_t)rows * groups, 0.01f, 0.02f);
	uint8_t *data = kit_host((size_t)rows * pitch);

	for (uint32_t r = 0; r < rows; r++)
		for (uint32_t c = 0; c < k; c++) {
			int most = type == KC_INT8 ? 127 : 7, v = (int)(random_float() * ((float)most + 0.9f));

			if (type == KC_INT8)
				data[(size_t)r * pitch + c] = (uint8_t)v;
			else
				data[(size_t)r * pitch + c / 2] |= (uint8_t)((v + 8) << c % 2 * 4);
			w.values[(size_t)r * k + c] = (double)scales.host[(size_t)r * groups + c / group] * v;
		}
	w.matrix.data = kit_device(data, (size_t)rows * pitch);
	w.matrix.scales = scales.device;
	return w;
}

struct weights kit_weights(uint32_t type, uint32_t rows, uint32_t k, uint32_t group)
{
	if (type > KC_BF16)
		return quantised(type, rows, k, group);
	struct activations a = kit_rows(type, rows, k, 0, 1, 0);

	return (struct weights){ { a.rows.data, NULL, rows, k, (uint16_t)type, 0 }, a.values };
}

struct test_pieces kit_pieces(const uint32_t *counts, uint32_t n, uint32_t gap, size_t slot_floats)
{
	struct test_pieces all = { .slots = kit_host(n * sizeof(float *)), .before = kit_host(n * sizeof(float *)) };

	for (uint32_t i = 0; i < n; i++) {
		struct floats slot = kit_floats(slot_floats, 1, 0);

		all.slots[i] = (float *)slot.device;
		all.before[i] = slot.host;
		all.first[i] = all.pieces.n_rows;
		all.pieces.n_rows += counts[i] + gap;
		if (counts[i] > all.pieces.longest)
			all.pieces.longest = counts[i];
	}
	all.pieces.n = n;
	all.pieces.slot = kit_device(all.slots, n * sizeof(float *));
	all.pieces.first = kit_device(all.first, n * sizeof(uint32_t));
	all.pieces.count = kit_device(counts, n * sizeof(uint32_t));
	return all;
}

struct kc_pieces kit_part(const struct test_pieces *all, const uint32_t *counts, uint32_t from, uint32_t most)
{
	struct kc_pieces part = all->pieces;
	uint32_t first[8], count[8];

	part.longest = 0;
	for (uint32_t i = 0; i < part.n; i++) {
		uint32_t left = counts[i] > from ? counts[i] - from : 0;

		first[i] = all->first[i] + from;
		count[i] = left < most ? left : most;
		if (count[i] > part.longest)
			part.longest = count[i];
	}
	part.first = kit_device(first, part.n * sizeof *first);
	part.count = kit_device(count, part.n * sizeof *count);
	return part;
}

void kit_reset(const struct test_pieces *all, size_t slot_floats)
{
	for (uint32_t i = 0; i < all->pieces.n; i++)
		CALL(cudaMemcpy(all->slots[i], all->before[i], slot_floats * sizeof(float), cudaMemcpyHostToDevice));
}

double kit_error(const double *a, const double *b, size_t n)
{
	double sum = 0, norm = 0;

	for (size_t i = 0; i < n; i++) {
		sum += (a[i] - b[i]) * (a[i] - b[i]);
		norm += b[i] * b[i];
	}
	return norm > 0 ? sqrt(sum / norm) : sqrt(sum);
}
