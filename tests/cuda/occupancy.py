# SPDX-License-Identifier: Apache-2.0
"""How many blocks a multiprocessor of sm_90 holds, and the rows of counts.txt that say what the blocks are.

The numbers are the CUDA programming guide's for compute capability 9.0: 64 K registers in four parts, given out to a
warp in units of 256; 228 KB of shared memory, of which a block takes 1 KB more than it asks for, in units of 128 bytes;
2048 threads; 32 blocks."""
import sys

MULTIPROCESSORS = 132


def up(n, unit):
	return (n + unit - 1) // unit * unit


def resident(registers, width, shared):
	warps = up(width, 32) // 32
	of_a_warp = up(registers * 32, 256)
	by_registers = 4 * (16384 // of_a_warp) // warps if of_a_warp else 32
	return min(by_registers, 2048 // (warps * 32), 233472 // up(shared + 1024, 128), 32)


def waves(blocks, held):
	return blocks / (MULTIPROCESSORS * held)


def read_rows(path):
	"""Row -> ({column: number}, kernel), and the lines about models. The line "# row" has the columns."""
	rows, models, columns = {}, {}, []
	for line in open(path):
		words = line.split(None, len(columns) + 1)
		if line.startswith('# row '):
			columns = line.split()[2:-1]
		elif line.startswith('# model '):
			name, said = line[len('# model '):].strip().split(': ')
			models[name] = said
		elif words and not line.startswith('#'):
			if words[0] in rows:
				sys.exit(f'{path}: row {words[0]} is there twice')
			numbers = (float(w) if '.' in w else int(w) for w in words[1:-1])
			rows[words[0]] = dict(zip(columns, numbers)), words[-1].strip()
	return rows, models


def read_limits(path):
	"""Kernel, '*' or 'kernel sm_N' -> {measure: bound}, as kernels/cuda/limits.txt has them."""
	limits = {}
	for line in open(path):
		words = line.split('#')[0].strip().split('  ')
		if words[0]:
			limits[words[0]] = dict(word.split('=') for word in ' '.join(words[1:]).split())
	return limits
