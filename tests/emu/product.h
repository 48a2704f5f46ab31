/* SPDX-License-Identifier: Apache-2.0 */
/* product.h - the matrix product behind cuBLAS and cuBLASLt. */
#ifndef EMU_PRODUCT_H
#define EMU_PRODUCT_H

#include "inner.h"

#include <library_types.h>

namespace emu {

struct Matrix {
	const void *data;
	cudaDataType type;
	uint64_t rows, columns;         /* as stored */
	int64_t lead, stride;           /* elements from column to column (row to row), matrix to matrix */
	bool row_major;
};

/* d = alpha op(a) op(b) + beta c + bias, one product for each of n. Sums are float32, in order of k. */
struct Product {
	Matrix a, b, c, d;
	bool turn_a, turn_b;
	float alpha, beta;
	const void *bias;               /* NULL, or one for each row of d */
	cudaDataType bias_type;
	int n;
	bool narrow_parts;              /* the sum is made of two halves of k, and the first waits in the type of d */
	bool tf32;                      /* float32 operands are rounded to 10 bits behind the point, as tensor cores do */
};

size_t element_size(cudaDataType type);         /* 0: a type that is not emulated */
bool matrix_in_order(const Matrix &m);
cudaError_t multiply(cudaStream_t stream, const Product &product, const char *name);

}  // namespace emu
#endif
