#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""  asked.py complete LIMITS COUNTED    what asked.c printed, with registers, blocks an SM and waves
  asked.py COMMITTED COMPLETED        compares two such tables, row by row

Registers are those that limits.txt lets the kernel have on sm_90: nvcc gives them, nvcheck.py holds it to them. A
number that rose is a fault, with the row's name. One that fell, or a row that is another, asks for the new table to
be committed in place of the old one."""
import sys

import occupancy

# More of these is worse. The others say what the row is.
COUNTED = ('shared', 'stated', 'asked', 'cold', 'rounds', 'misses', 'loads', 'atomics', 'waves')


def complete(limits, counted):
	"""The lines of the table."""
	bounds = occupancy.read_limits(limits)
	rows, _ = occupancy.read_rows(counted)
	for line in open(counted):
		line = line.rstrip('\n')
		name = line.split()[0] if line else ''
		if line.startswith('# row'):
			held = f'{"regs":>5} {"held":>5} {"waves":>7}'
			line = line.replace('  kernel', ' ' + held + '  kernel')
		elif name in rows:
			row, kernel = rows[name]
			if f'{kernel} sm_90' not in bounds:
				sys.exit(f'{limits} has no registers of {kernel} on sm_90')
			registers = int(bounds[f'{kernel} sm_90']['regs'])
			held = occupancy.resident(registers, row['width'], row['shared'])
			waves = occupancy.waves(row['blocks'], held)
			line = f'{line[:-len(kernel) - 2]} {registers:5} {held:5} {waves:7.3f}  {kernel}'
		yield line


def compare(old, new):
	"""What rose, and what is otherwise not as it was."""
	(old, old_models), (new, new_models) = old, new
	rose, other = [], [f'# model {name}: {old_models.get(name)} became {new_models.get(name)}'
		for name in sorted(set(old_models) | set(new_models)) if old_models.get(name) != new_models.get(name)]
	for name in sorted(set(old) | set(new)):
		if name not in old or name not in new:
			other.append(f'{name}: {"a new row" if name in new else "is gone"}')
			continue
		(was, kernel), (now, kernel_now) = old[name], new[name]
		if kernel != kernel_now:
			other.append(f'{name}: {kernel} became {kernel_now}')
		for column in was:
			if column not in now:
				other.append(f'{name}: no column {column}')
			elif column in COUNTED and now[column] > was[column]:
				rose.append(f'{name} ({kernel_now}): {column} rose from {was[column]} to {now[column]}')
			elif now[column] != was[column]:
				other.append(f'{name} ({kernel_now}): {column} was {was[column]}, is {now[column]}')
	return rose, other


def main(words):
	if words[0] == 'complete':
		print('\n'.join(complete(*words[1:])))
		return False
	committed, completed = words
	rose, other = compare(occupancy.read_rows(committed), occupancy.read_rows(completed))
	print('\n'.join(rose + other))
	if other and not rose:
		print(f'nothing rose: commit {completed} as {committed}')
	return bool(rose or other)


if __name__ == '__main__':
	sys.exit(main(sys.argv[1:]))
