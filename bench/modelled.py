#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""modelled.py - the time that an H200 should take, from what the engine asks of it. Nothing here is measured: counts
are those of tests/cuda/counts.txt, registers and loops those of kernels/cuda/limits.txt.

A kernel takes

  edge    from the end of the kernel before it until its own wait returns
  rounds  rounds of loads one after another, which the second-level cache answers; loads of a loop that is not unrolled
          are a round each
  misses  those of them that wait for memory
  block   beginning and end of a block: its launch, barriers, sums over warps, stores
  and the longest of
    memory  bytes that must move, less what was asked for before the wait, over nine tenths of what reads reach
    cache   bytes that blocks ask of the second-level cache, the same taken off, over what it gives
    issue   warp instructions of the hot loop over the issue slots of the multiprocessors that have a block
    waves   blocks that do not fit at once: each further wave waits for its first weights and rounds again
    atomics the most on one address of shared memory, one after another

Tiles wait in each turn of their loop: where a multiprocessor has two blocks of them or more, one issues while another
waits, and the longer of rounds and misses together and of the last five counts, not their sum.

What each of them costs is assumed (ASSUMED below), and to be replaced by what a GPU shows. A prompt is products at 0.75
of their peak, exponentials of the recurrence, and its other kernels by the same sums, one after another.

  modelled.py [--json | --kernels | --markdown] [--bandwidth BYTES/S] [--peak FLOP/S] [--counts FILE] [--limits FILE]
  modelled.py --check PREDICTIONS     fails where a prediction of first-hour.sh is another than this"""
import argparse
import json
import math
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'tests', 'cuda'))
import occupancy  # noqa: E402

ASSUMED = {
	'bandwidth': 4.3e12, 'share of it': 0.9, 'cache': 6e12, 'clock': 1.9e9, 'issue': 0.65,
	'edge': 0.8e-6, 'gap': 1.5e-6, 'round': 0.16e-6, 'miss': 0.5e-6, 'block': 0.35e-6, 'atomic': 100 / 1.9e9,
	'peak': 790e12, 'share of the peak': 0.75, 'exponentials': 132 * 16 * 1.9e9, 'share of exponentials': 0.4,
	'host': 20e-6,          # of krait_session_next, a token
}
# Loops over all logits of which each turn uses its load: '#pragma unroll 1'.
NOT_UNROLLED = ('sample_kernel',)
# Bytes of scales for each byte of weights: groups of 128 in int8, of 64 in int4.
SCALES = {'3': 4 / 128, '4': 4 / 32}
DECODE = ('head', 'sample', 'accept', 'in', 'x_proj', 'step', 'out', 'hidden')
SCANS = ('scan1_kernel', 'scan1_segment_kernel')
GEMMS = 4       # of cuBLASLt in a layer of a prompt: in, x, dt, out
STREAMS = ('memory', 'cache', 'issue', 'waves', 'atomics')
TERMS = ('edge', 'rounds', 'misses', 'block') + STREAMS


def issue_seconds(row, kernel, loop, a):
	"""Of a whole launch, and of one of its blocks by itself."""
	if not loop:
		return 0.0, 0.0
	weights = min(row['cold'], row['stated']) if kernel.startswith('gemv') else row['cold']
	weights /= 1 + SCALES.get(re.search(r'<(\d)', kernel)[1], 0)
	instructions, slots = weights / 2048 * loop, 4 * a['clock'] * a['issue']
	busy = min(row['blocks'], occupancy.MULTIPROCESSORS)
	return instructions / (busy * slots), instructions / row['blocks'] / slots


def terms_of(row, kernel, loop, a):
	rounds, first = row['rounds'], min(1.0, 1 / row['waves']) if row['waves'] else 1.0
	if kernel.split('<')[0] in NOT_UNROLLED:
		rounds = max(rounds, row['loads'])
	ahead = row['ahead'] * first        # what later waves ask for before they wait, nothing hides
	issue, of_a_block = issue_seconds(row, kernel, loop, a)
	t = {'edge': a['edge'] if row['early'] else a['gap'], 'rounds': (rounds - row['misses']) * a['round'],
		'misses': row['misses'] * a['miss'], 'block': a['block'],
		'memory': max(0, row['stated'] - ahead) / (a['bandwidth'] * a['share of it']),
		'cache': max(0, row['asked'] - ahead) / a['cache'], 'issue': issue,
		'atomics': row['atomics'] * a['atomic']}
	again = t['rounds'] + t['misses'] + t['block'] + of_a_block + (a['miss'] if row['ahead'] else 0)
	t['waves'] = max(0.0, row['waves'] - 1) * again
	return t


def kernel_of(name, row, kernel, loop, a):
	t = terms_of(row, kernel, loop, a)
	longest = max(STREAMS, key=lambda s: t[s])
	parts = ['edge', 'rounds', 'misses', 'block', longest]
	if 'tile_kernel' in kernel and min(row['held'], math.ceil(row['blocks'] / occupancy.MULTIPROCESSORS)) > 1:
		waits = t['rounds'] + t['misses'] > t[longest]
		parts = ['edge', 'block'] + (['rounds', 'misses'] if waits else [longest])
	return {'name': name, 'kernel': kernel, 'runs': row['runs'], 'seconds': sum(t[part] for part in parts),
		'terms': t, 'parts': parts, 'stream': longest, 'decides': max(parts, key=lambda part: t[part])}


def number(said, what):
	return int(re.search(rf'(\d+)(?: bytes)? {what}', said)[1])


def decode_work(said, batch, kernels, a):
	seconds = sum(k['runs'] * k['seconds'] for k in kernels)
	limit = (number(said, 'of weights') + 2 * batch * number(said, 'of a state')) / a['bandwidth']
	return {'work': 'decode', 'batch': batch, 'seconds': seconds, 'tokens_per_second': batch / seconds,
		'share': limit / seconds, 'by_session_next': batch / (seconds + a['host'])}


def prompt_work(said, n, kernels, a):
	"""A scan takes what its exponentials take, where that is longer than what its loads do."""
	layers = max(k['runs'] for k in kernels)
	products, exponentials = 2 * n * number(said, 'products'), n * number(said, 'exponentials')
	recurrence = exponentials / (a['exponentials'] * a['share of exponentials'])
	gemm = products / (a['peak'] * a['share of the peak']) + layers * GEMMS * a['gap']
	scans = [k for k in kernels if k['kernel'].split('<')[0] in SCANS]
	scanned = max(recurrence * len(scans), sum(k['runs'] * k['seconds'] for k in scans))
	rest = sum(k['runs'] * k['seconds'] for k in kernels if k not in scans)
	seconds = gemm + scanned + rest
	return {'work': 'prefill', 'n_tokens': n, 'seconds': seconds, 'tokens_per_second': n / seconds,
		'share': products / a['peak'] / seconds, 'gemm': gemm, 'scan': scanned, 'rest': rest}


def model(counts, limits, a):
	"""Every piece of work in the table, with its kernels."""
	rows, models = occupancy.read_rows(counts)
	bounds, works = occupancy.read_limits(limits), {}
	for name, (row, kernel) in rows.items():
		shape, form, work, n, nth = name.split('/')
		loop = int(bounds.get(f'{kernel} sm_90', {}).get('loop', 0))
		role = DECODE[int(nth)] if work == 'batch' else kernel.split('<')[0].removesuffix('_kernel')
		works.setdefault((shape, form, work, int(n)), []).append(kernel_of(role, row, kernel, loop, a))
	for (shape, form, work, n), kernels in works.items():
		of = {'shape': shape, 'weights': form, 'kernels': kernels}
		if work == 'batch':
			yield {**of, **decode_work(models[f'{shape}/{form}'], n, kernels, a)}
		elif work == 'prompt':
			yield {**of, **prompt_work(models[f'{shape}/{form}'], n, kernels, a)}
		else:
			yield {**of, 'work': 'draw', 'by': work, 'seconds': kernels[0]['seconds']}


def title(work):
	what = work['by'] if work['work'] == 'draw' else f'batch {work["batch"]}' if work['work'] == 'decode' \
		else f'prompt of {work["n_tokens"]}'
	return f'{work["shape"]} {work["weights"]}, {what}'


def deciding(work):
	"""The term that takes most of all kernels together, with the kernel where it takes most."""
	if work['work'] == 'prefill':
		return max(('gemm', 'scan', 'rest'), key=lambda part: work[part])
	parts = {}
	for k in work['kernels']:
		for what in k['parts']:
			parts.setdefault(what, []).append((k['runs'] * k['terms'][what], k['name']))
	what = max(parts, key=lambda p: sum(s for s, _ in parts[p]))
	return f'{what} of {max(parts[what])[1]}'


def text(works, with_kernels):
	for w in works:
		speed = f'{w["tokens_per_second"]:9.0f} tokens/s {100 * w["share"]:4.0f} %' if 'share' in w else ''
		yield f'{title(w):34} {1e6 * w["seconds"]:10.1f} us {speed}  {deciding(w)}'
		for k in w['kernels'] if with_kernels else ():
			t = ', '.join(f'{what}{"" if what in k["parts"] else " beside"} {1e6 * k["terms"][what]:.2f}'
				for what in TERMS if k['terms'][what] >= 5e-9)
			what = f'{k["name"]:14} x {k["runs"]:3} {1e6 * k["seconds"]:8.2f} us'
			yield f'    {what}: {t}; {k["decides"]} decides'


def markdown(works):
	yield '| | edge | rounds | misses | block | longest | us | decides |'
	yield '| --- | ---: | ---: | ---: | ---: | --- | ---: | --- |'
	for w in works:
		if w['work'] == 'draw' or w['shape'] != 'mamba-2.8b':
			continue
		if w['work'] == 'decode' and w['batch'] == 1:
			for k in w['kernels']:
				t = [f'{1e6 * k["terms"][what]:.1f}' for what in ('edge', 'rounds', 'misses', 'block')]
				t.append(f'{k["stream"]} {1e6 * k["terms"][k["stream"]]:.1f}')
				t += [f'{1e6 * k["seconds"]:.1f}', k['decides']]
				yield f'| {w["weights"]} {k["name"]} | {" | ".join(t)} |'
	yield ''
	yield '| | us | tokens/s | of the limit | takes most |'
	yield '| --- | ---: | ---: | ---: | --- |'
	for w in works:
		if w['work'] == 'draw' and w['weights'] != 'N(0,3)':
			continue
		speed = f'{w["tokens_per_second"]:,.0f} | {100 * w["share"]:.0f} %' if 'share' in w else '| '
		yield f'| {title(w)} | {1e6 * w["seconds"]:,.0f} | {speed} | {deciding(w)} |'


def flat(works):
	"""Rows as krait bench prints them."""
	for w in works:
		yield {what: value for what, value in w.items() if what != 'kernels'}
		for k in w['kernels'] if w['work'] == 'decode' else ():
			of = {what: w[what] for what in ('shape', 'weights', 'batch')}
			yield {'work': 'profile', 'of': 'decode', **of,
				'kernel': k['name'], 'launches': k['runs'], 'seconds': k['runs'] * k['seconds'],
				'terms': k['terms'], 'decides': k['decides']}


def draws(works):
	"""256 tokens by top-p, as first-hour.sh draws them."""
	by = {w['by']: w['seconds'] for w in works if w['work'] == 'draw' and w['weights'] == 'N(0,3)'}
	return {'work': 'draw', 'extra_seconds': 256 * (by['top-p-0.95'] - by['likeliest'])}


def check(works, path):
	"""Whether each prediction that has a row here is what the row says, to two digits."""
	rows, wrong, met = list(flat(works)), [], 0
	for p in json.load(open(path)):
		for row in rows + [draws(works)]:
			if any(row.get(key) != value for key, value in p['where'].items()):
				continue
			value = row.get('by_session_next' if row['work'] == 'decode' else p['key'])
			if value is None:
				continue
			value /= row[p['per']] if 'per' in p else 1
			rounded, met = float(f'{value:.1e}'), met + 1
			if not math.isclose(rounded, p['predicted'], rel_tol=1e-9):
				wrong.append(f'{p["what"]}: predicted {p["predicted"]:g}, modelled {rounded:g}')
	print('\n'.join(wrong) if wrong else f'{met} predictions are what is modelled')
	return bool(wrong) or not met


def main():
	parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
	for flag in ('--json', '--kernels', '--markdown'):
		parser.add_argument(flag, action='store_true')
	for flag in ('--bandwidth', '--peak'):
		parser.add_argument(flag, type=float, default=ASSUMED[flag[2:]])
	parser.add_argument('--counts', default=os.path.join(HERE, '..', 'tests', 'cuda', 'counts.txt'))
	parser.add_argument('--limits', default=os.path.join(HERE, '..', 'kernels', 'cuda', 'limits.txt'))
	parser.add_argument('--check', metavar='PREDICTIONS')
	o = parser.parse_args()
	works = list(model(o.counts, o.limits, {**ASSUMED, 'bandwidth': o.bandwidth, 'peak': o.peak}))
	if o.check:
		return check(works, o.check)
	if o.json:
		print('\n'.join(json.dumps(row) for row in flat(works)))
	else:
		print('\n'.join(markdown(works) if o.markdown else text(works, o.kernels)))
	return False


if __name__ == '__main__':
	sys.exit(main())
