// SPDX-License-Identifier: Apache-2.0
// product.cu - the products of the decode path, from the structures of kernels.h: kc_decode_in (norm,
// in_proj, convolution and SiLU) and kc_decode_product (x_proj, out_proj with or without the gated
// norm, the head). Both are one kernel.
//
// Bytes: the matrix once, whatever the number of rows; of each row its activations, results and, in
// kc_decode_in, the window twice. mamba-2.8b in bfloat16: in_proj 52.4 MB a layer and 0.14 MB a row.
#include "job.cuh"

using namespace kc;

uint64_t kc::matrix_bytes(const kc_matrix &m)
{
	static const uint64_t bits[] = { 32, 16, 16, 8, 4 };
	uint64_t scales = m.type >= KC_INT8 ? uint64_t(m.rows) * ((m.k + m.group - 1) / m.group) * sizeof(float) : 0;

	return m.rows * ((m.k * bits[m.type] + 7) / 8) + scales;
}

bool kc::set_matrix(job &j, const kc_matrix &m)
{
	static const uint32_t vector[] = { 4, 8, 8, 16, 32 };
	bool quantised = m.type == KC_INT8 || m.type == KC_INT4;

	if (m.type > KC_INT4 || m.k == 0 || (quantised && (!m.scales || m.group == 0)))
		return false;
	j.weights = m.data;
	j.scales = m.scales;
	j.rows = m.rows;
	j.k = m.k;
	j.group = quantised ? m.group : m.k;
	j.vector = reinterpret_cast<uintptr_t>(m.data) % 16 == 0 && m.k % vector[m.type] == 0
		&& (j.group % vector[m.type] == 0 || j.group >= m.k);
	return true;
}

cudaError_t kc::product(const job &j, unsigned type, bool fast, uint64_t bytes, cudaStream_t stream)
{
	switch (type) {
	case KC_F32: return product_f32(j, fast, bytes, stream);
	case KC_F16: return product_f16(j, fast, bytes, stream);
	case KC_BF16: return product_bf16(j, fast, bytes, stream);
	case KC_INT8: return product_int8(j, fast, bytes, stream);
	case KC_INT4: return product_int4(j, fast, bytes, stream);
	default: return cudaErrorInvalidValue;
	}
}

extern "C" cudaError_t kc_decode_in(const struct kc_in *in, const struct kc_pieces *pieces, cudaStream_t stream)
{
	uint64_t window = uint64_t(in->n_channels) * (in->d_conv - 1), row = in->in.k + in->in.rows + 2 * window;
	uint64_t once = uint64_t(in->n_channels) * (in->d_conv + 1) + in->in.k;
	job j = {};

	if (!set_matrix(j, in->in) || in->d_conv == 0)
		return cudaErrorInvalidValue;
	j.in = in->x;
	j.in_stride = j.k;
	j.n_rows = pieces->n_rows;
	j.centred = in->norm.layer;
	j.source = in->norm.layer || in->norm.bias ? SOURCE_TABLE : SOURCE_SCALED;
	j.norm = in->norm.weight;
	j.norm_bias = in->norm.bias;
	j.eps = in->norm.eps;
	j.n_groups = 1;
	j.n_normed = j.k;
	j.bias = in->in_bias;
	j.out = in->projected;
	j.out_stride = in->projected_stride;
	j.slot = pieces->slot;
	j.conv = in->conv;
	j.conv_bias = in->conv_bias;
	j.conv_first = in->conv_first;
	j.n_channels = in->n_channels;
	j.d_conv = in->d_conv;
	j.conv_at = in->conv_at;
	j.u = in->u;
	j.u_stride = in->u_stride;
	return product(j, in->in.type, in->fast != 0, matrix_bytes(in->in) + 4 * (once + row * j.n_rows), stream);
}

extern "C" cudaError_t kc_decode_product(const struct kc_product *p, cudaStream_t stream)
{
	uint64_t row = p->matrix.k + p->matrix.rows * (p->accumulate ? 2 : 1) + (p->gate ? p->n_normed : 0);
	job j = {};

	if (!set_matrix(j, p->matrix) || (p->gate_norm && (p->n_groups == 0 || p->n_normed == 0 || p->n_normed > j.k || p->n_normed % p->n_groups)))
		return cudaErrorInvalidValue;
	j.in = p->in;
	j.slot = p->slot;
	j.in_slot = p->in_slot;
	j.in_at = p->in_at;
	j.in_stride = p->in_stride;
	j.n_rows = p->n_rows;
	if (p->gate_norm) {
		j.source = p->n_groups == 1 && p->n_normed == j.k ? SOURCE_SCALED : SOURCE_TABLE;
		j.norm = p->gate_norm;
		j.gate = p->gate;
		j.gate_stride = p->gate_stride;
		j.eps = p->eps;
		j.n_groups = p->n_groups;
		j.n_normed = p->n_normed;
	}
	j.bias = p->bias;
	j.out = p->out;
	j.out_stride = p->out_stride;
	j.accumulate = p->accumulate;
	return product(j, p->matrix.type, p->fast != 0, matrix_bytes(p->matrix) + 4 * row * j.n_rows, stream);
}
