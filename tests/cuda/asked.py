#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""asked.py COMMITTED COUNTED: compares two tables that asked.c printed, row by row.

A number that rose is a fault, with the row's name. One that fell, or a row that is another, asks for the new table to be
committed in place of the old one."""
import sys

COLUMNS = ('runs', 'blocks', 'width', 'shared', 'stated', 'asked', 'ahead', 'rounds', 'atomics')
# More of these is worse. The others say what the row is.
COUNTED = ('shared', 'stated', 'asked', 'rounds', 'atomics')


def read(path):
	rows = {}
	for line in open(path):
		words = line.split(None, len(COLUMNS) + 1)
		if words and not line.startswith('#'):
			if words[0] in rows:
				sys.exit(f'{path}: row {words[0]} is there twice')
			rows[words[0]] = dict(zip(COLUMNS, map(int, words[1:]))), words[-1].strip()
	return rows


def compare(old, new):
	"""What rose, and what is otherwise not as it was."""
	rose, other = [], []
	for name in sorted(set(old) | set(new)):
		if name not in old or name not in new:
			other.append(f'{name}: {"a new row" if name in new else "is gone"}')
			continue
		(was, kernel), (now, kernel_now) = old[name], new[name]
		if kernel != kernel_now:
			other.append(f'{name}: {kernel} became {kernel_now}')
		for column in COLUMNS:
			if column in COUNTED and now[column] > was[column]:
				rose.append(f'{name} ({kernel_now}): {column} rose from {was[column]} to {now[column]}')
			elif now[column] != was[column]:
				other.append(f'{name} ({kernel_now}): {column} was {was[column]}, is {now[column]}')
	return rose, other


def main(committed, counted):
	rose, other = compare(read(committed), read(counted))
	print('\n'.join(rose + other))
	if other and not rose:
		print(f'nothing rose: commit {counted} as {committed}')
	return bool(rose or other)


if __name__ == '__main__':
	sys.exit(main(*sys.argv[1:]))
