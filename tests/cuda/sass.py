# SPDX-License-Identifier: Apache-2.0
"""What a kernel's hot loop is made of, from NVIDIA's disassembler (pip install nvidia-cuda-cuobjdump
nvidia-cuda-nvdisasm; a toolkit has it as well).

The hot loop is the smallest that has all tensor-core instructions of the kernel's loops, or, where there are none,
three quarters of their loads of 16 bytes. Its length is that of one way through it. With tensor cores: the one with
most of these and of wide loads, with a copy to shared memory, and else the shortest; without: with the most wide loads,
then the most products and loads, then the shortest. A loop inside it, the copying of a tile above all, is gone through
once at most, and what odd shapes take instead does not count."""
import collections
import importlib.util
import os
import re
import shutil
import subprocess
import sys

MEASURES = ('loop', 'wide', 'tensor')
# By the first argument of kernels that read weights: enum kc_type.
WEIGHT_BITS = {'0': 32, '1': 16, '2': 16, '3': 8, '4': 4}
PRODUCTS = ('FFMA', 'HFMA2', 'LDS', 'LDG')


def disassembler():
	"""The path of cuobjdump, or None."""
	places = [os.path.dirname(p) for p in [shutil.which('cuobjdump')] if p]
	found = importlib.util.find_spec('nvidia')
	for folder in found.submodule_search_locations if found else []:
		places += [os.path.join(folder, name, 'bin') for name in sorted(os.listdir(folder))]
	for place in places:
		tools = [os.path.join(place, name) for name in ('cuobjdump', 'nvdisasm')]
		if all(os.access(tool, os.X_OK) for tool in tools):
			return tools[0]
	return None


def listing(tool, path, architecture):
	"""Mangled name -> [(address, instruction with its predicate)]."""
	environment = {**os.environ, 'PATH': os.path.dirname(tool) + os.pathsep + os.environ.get('PATH', '')}
	words = [tool, '-sass', '-arch', f'sm_{architecture}', path]
	done = subprocess.run(words, capture_output=True, text=True, env=environment)
	if done.returncode:
		sys.exit(f'{tool}: {path}: {done.stderr.strip()}')
	found, code = {}, None
	for line in done.stdout.splitlines():
		if m := re.match(r'\s+Function : (\S+)', line):
			code = found.setdefault(m[1], [])
		elif code is not None and (m := re.match(r'\s+/\*([0-9a-f]{4,})\*/\s+(.*?)\s*;', line)):
			code.append((int(m[1], 16), m[2]))
	return found


def word(instruction):
	"""@!P0 LDG.E.128 R4, ... -> LDG.E.128"""
	return re.sub(r'^@!?U?P\w+\s+', '', instruction).split()[0]


def kind(instruction):
	return word(instruction).split('.')[0]


def is_wide(instruction):
	return kind(instruction) == 'LDGSTS' or (kind(instruction) == 'LDG' and '.128' in word(instruction))


def blocks_of(code):
	"""Basic blocks: address -> (instructions, addresses of those that may follow)."""
	after = dict(zip([address for address, _ in code], [address for address, _ in code[1:]] + [None]))
	jumps, starts = {}, {code[0][0]}
	for address, text in code:
		if kind(text) in ('BRA', 'EXIT', 'RET', 'BRX', 'CALL'):
			target = re.search(r'0x([0-9a-f]+)', text) if kind(text) == 'BRA' else None
			divides = re.search(r'\bBRA\S* !?U?P\d', text) or '.DIV' in word(text)
			goes_on = kind(text) == 'CALL' or text.startswith('@') or divides
			jumps[address] = [int(target[1], 16)] if target else []
			if goes_on and after[address] is not None:
				jumps[address].append(after[address])
			starts.update(jumps[address])
			starts.add(after[address])
	blocks, at = {}, None
	for address, text in code:
		if address in starts or at is None:
			if at is not None and not blocks[at][1] and blocks[at][2]:
				blocks[at] = (blocks[at][0], [address], False)
			at = address
			blocks[at] = ([], [], True)
		blocks[at][0].append(text)
		if address in jumps:
			blocks[at] = (blocks[at][0], jumps[address], False)
	return {a: (texts, following) for a, (texts, following, _) in blocks.items()}


def loops_of(blocks):
	"""Head -> the blocks of the loop: those from which a jump back to the head is reached without it."""
	before = collections.defaultdict(list)
	for address, (_, following) in blocks.items():
		for to in following:
			before[to].append(address)
	loops = {}
	for address, (_, following) in blocks.items():
		for head in following:
			if head <= address:
				body, left = loops.setdefault(head, {head}), [address]
				while left:
					b = left.pop()
					if b not in body:
						body.add(b)
						left.extend(before[b])
	return loops


def worth(texts, tensor):
	"""What a way is chosen by: the more the better."""
	wide, copies = sum(map(is_wide, texts)), sum(kind(t) == 'LDGSTS' for t in texts)
	if not tensor:
		return wide, sum(kind(t) in PRODUCTS for t in texts), -len(texts)
	return wide - copies + sum(kind(t) in ('HMMA', 'LDSM') for t in texts), copies, -len(texts)


def in_order(blocks, head, body):
	"""The blocks of a loop, each behind those that may follow it."""
	order, seen, left = [], set(), [(head, False)]
	while left:
		b, whole = left.pop()
		if whole:
			order.append(b)
		elif b not in seen:
			seen.add(b)
			left.append((b, True))
			left.extend((to, False) for to in blocks[b][1] if to in body and to > b)
	return order


def way_through(blocks, head, body):
	"""The instructions of the way through a loop that is worth most; no jump back is taken."""
	tensor = any(kind(t) == 'HMMA' for b in body for t in blocks[b][0])
	best = {}

	def value(way):
		return way[0] if not tensor else (way[0][0], min(way[0][1], 1), way[0][2])

	for b in in_order(blocks, head, body):
		texts, following = blocks[b]
		ways = [best[to] for to in following if to > b and best.get(to)]
		if head in following:
			ways.append(((0, 0, 0), []))
		if ways:
			sums, rest = max(ways, key=value)
			best[b] = tuple(x + y for x, y in zip(sums, worth(texts, tensor))), [b] + rest
	return [text for b in best[head][1] for text in blocks[b][0]] if head in best else []


def hot_loop(code):
	"""The instructions of one way through the hot loop; none where the kernel has no loop."""
	blocks = blocks_of(code)
	ways = {head: way_through(blocks, head, body) for head, body in loops_of(blocks).items()}
	ways = {head: way for head, way in ways.items() if way}
	for what, part in ((lambda t: kind(t) == 'HMMA', 1.0), (is_wide, 0.75)):
		most = max((sum(map(what, way)) for way in ways.values()), default=0)
		if most:
			return min((way for way in ways.values() if sum(map(what, way)) >= part * most), key=len)
	return []


def measures(name, loop):
	"""Of one way through a hot loop. What it reads of weights: all wide loads are of weights in gemv; a block of 8
	warps reads a tile of [BM, BK] in the others."""
	wide = sum(map(is_wide, loop))
	found = {'tensor': sum(kind(t) == 'HMMA' for t in loop), 'wide': wide}
	if name.startswith('gemv_kernel<') and wide:
		found['loop'] = round(len(loop) * 2048 / (wide * 512))
	elif m := re.match(r'(?:step1_)?tile_kernel<(\d), tile_shape<(\d+), \d+, (\d+),', name):
		found['loop'] = round(len(loop) * 8 * 2048 * 8 / (int(m[2]) * int(m[3]) * WEIGHT_BITS[m[1]]))
	return found
