#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What nvcc made of the kernels, without a GPU.

  nvcheck.py table OBJECT.nvo...           every kernel on every architecture
  nvcheck.py limits LIMITS COUNTS OBJECT.nvo...   what breaks the limits; fails when anything does
  nvcheck.py propose COUNTS OBJECT.nvo...  a table of limits that these objects keep
  nvcheck.py disassembler OBJECT.nvo...    where it is; fails where there is none, or no code for it
  nvcheck.py loops LIMITS OBJECT.nvo...    the same as limits, for what only the disassembler says
  nvcheck.py names OBJECT.nvo...           the kernels' names
  nvcheck.py lines DOCUMENT SOURCE...      lines that only nvcc sees; fails over 5 %, or when a place is
                                           not named in the document

Registers, stack, spills and shared memory are ptxas's own words, which the build keeps beside
each object in .ptxas. Instructions are counted in the cubins in the object: ELF files for the
machine 190, whose code is instructions of 16 bytes with the opcode in bits 0 to 11 and the
width of an access in bits 73 to 75 (sm_70 and later).

Instances that counts.txt has are held one by one, on sm_90: registers; held, the blocks that a multiprocessor holds at
the worst of its launches; and of the hot loop, as sass.py finds it, loop, the instructions of a warp for 2 KiB of
weights, wide, its loads of 16 bytes, and tensor, its tensor-core instructions."""
import collections
import re
import struct
import subprocess
import sys

import occupancy
import sass

OPCODES = {
	0x981: 'LDG', 0x986: 'STG', 0x983: 'LDL', 0x387: 'STL', 0x987: 'STL', 0x984: 'LDS', 0x388: 'STS', 0x988: 'STS',
	0xfae: 'LDGSTS', 0x23c: 'HMMA', 0xb1d: 'BAR', 0x389: 'SHFL', 0x589: 'SHFL', 0x989: 'SHFL', 0xf89: 'SHFL',
	0x308: 'MUFU', 0x908: 'MUFU', 0x944: 'CALL', 0x83b: 'LDSM',
}
WIDTHS = {0: '8', 1: '8', 2: '16', 3: '16', 4: '32', 5: '64', 6: '128'}
WIDE = ('LDG', 'STG', 'LDS', 'STS')
COLUMNS = ('regs', 'stack', 'spill', 'smem', 'LDG128', 'LDG64', 'LDG32', 'STG128', 'LDGSTS', 'LDSM', 'HMMA', 'BAR', 'SHFL', 'MUFU', 'local')


def cubins(data):
	"""Each ELF file for a GPU in an object: its architecture and its bytes."""
	at = data.find(b'\x7fELF', 1)
	while at >= 0:
		machine, = struct.unpack_from('<H', data, at + 18)
		if machine == 190:
			flags, = struct.unpack_from('<I', data, at + 48)
			yield flags >> 8 & 0xff, data[at:]
		at = data.find(b'\x7fELF', at + 1)


def code(cubin):
	"""The mangled name and the instructions of each kernel in a cubin."""
	table, = struct.unpack_from('<Q', cubin, 0x28)
	size, number, names = struct.unpack_from('<HHH', cubin, 0x3a)
	sections = [struct.unpack_from('<IIQQQQIIQQ', cubin, table + i * size) for i in range(number)]
	strings = sections[names][4]
	for section in sections:
		start = strings + section[0]
		name = cubin[start:cubin.index(b'\0', start)].decode()
		if name.startswith('.text.'):
			yield name[6:], cubin[section[4]:section[4] + section[5]]


def count(instructions):
	counts = collections.Counter()
	for at in range(0, len(instructions) - 15, 16):
		word = int.from_bytes(instructions[at:at + 16], 'little')
		name = OPCODES.get(word & 0xfff)
		if name is None:
			continue
		counts[name] += 1
		if name in WIDE:
			counts[name + WIDTHS.get(word >> 73 & 7, '?')] += 1
	counts['local'] = counts['LDL'] + counts['STL']
	return counts


def resources(path):
	"""(mangled name, architecture) -> registers, stack, spill, smem."""
	found, current = {}, None
	for line in open(path):
		if m := re.search(r"Compiling entry function '(\S+)' for 'sm_(\d+)'", line):
			current = found.setdefault((m[1], int(m[2])), {'regs': 0, 'stack': 0, 'spill': 0, 'smem': 0})
		elif current is not None and (m := re.search(r'(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads', line)):
			current['stack'] = int(m[1])
			current['spill'] = int(m[2]) + int(m[3])
		elif current is not None and (m := re.search(r'Used (\d+) registers', line)):
			current['regs'] = int(m[1])
			shared = re.search(r'(\d+) bytes smem', line)
			current['smem'] = int(shared[1]) if shared else 0
			current = None
	return found


def plain(demangled):
	"""void (anonymous namespace)::gemv<float, 4>(int) -> gemv<float, 4>, as tests/emu/names.cpp does."""
	text = re.sub(r'^void ', '', demangled.replace('(anonymous namespace)::', ''))
	depth = 0
	for i, c in enumerate(text):
		depth += (c == '<') - (c == '>')
		if c == '(' and depth == 0:
			return text[:i]
	return text


def demangle(names):
	out = subprocess.run(['c++filt'], input='\n'.join(names) + '\n', capture_output=True, text=True, check=True).stdout
	return dict(zip(names, (plain(line) for line in out.splitlines())))


def kernels(objects):
	"""(name, architecture) -> measures, of all objects."""
	found = {}
	for path in objects:
		said = resources(path[:-len('.nvo')] + '.ptxas')
		seen = {}
		for architecture, cubin in cubins(open(path, 'rb').read()):
			for name, instructions in code(cubin):
				seen[name, architecture] = {**count(instructions), **said.get((name, architecture), {})}
		if set(said) - set(seen):
			sys.exit(f'{path}: no code was found of {sorted(set(said) - set(seen))}')
		names = demangle(sorted({name for name, _ in seen})) if seen else {}
		for (name, architecture), measures in seen.items():
			if (name, architecture) in said:
				found[names[name], architecture] = measures
	if not found:
		sys.exit('no kernel was found')
	return found


def base(name):
	return name.split('<')[0]


def add_held(found, counts):
	"""Blocks on a multiprocessor, of the instances that are launched in the table."""
	rows, _ = occupancy.read_rows(counts)
	if not any(architecture == 90 for _, architecture in found):
		return []
	for row, kernel in rows.values():
		have = found.get((kernel, 90))
		if have is None:
			sys.exit(f'{counts} has {kernel}, and nvcc compiled no such kernel for sm_90')
		held = occupancy.resident(have['regs'], row['width'], row['shared'])
		have['held'] = min(held, have.get('held', held))
	return [kernel for (kernel, architecture), have in found.items() if architecture == 90 and 'held' in have]


def loops(objects, wanted):
	"""Kernel -> measures of its hot loop on sm_90, of those wanted."""
	tool, found = sass.disassembler(), {}
	for path in objects:
		listing = sass.listing(tool, path, 90)
		names = demangle(sorted(listing)) if listing else {}
		for mangled, code in listing.items():
			if names[mangled] in wanted:
				found[names[mangled]] = sass.measures(names[mangled], sass.hot_loop(code))
	return found


def broken(name, architecture, have, limits):
	wanted = {}
	for line in ('*', base(name), f'{base(name)} sm_{architecture}', f'{name} sm_{architecture}'):
		wanted.update(limits.get(line, {}))
	for what, bound in wanted.items():
		least = what.endswith('>')
		if what.rstrip('>') in sass.MEASURES and what.rstrip('>') not in have:
			continue
		value = have.get(what.rstrip('>'), 0)
		if value < int(bound) if least else value > int(bound):
			yield f'{name} on sm_{architecture}: {what.rstrip(">")} is {value}, the limit is {"at least" if least else "at most"} {bound}'


def check_limits(path, counts, objects):
	limits, found, bad = occupancy.read_limits(path), kernels(objects), []
	add_held(found, counts)
	for (name, architecture), have in sorted(found.items()):
		bad.extend(broken(name, architecture, have, limits))
	present = {'*'} | {base(name) for name, _ in found}
	present |= {f'{of} sm_{architecture}' for name, architecture in found for of in (base(name), name)}
	compiled = {str(architecture) for _, architecture in found}
	meant = [name for name in limits if name.rpartition(' sm_')[2] in compiled or ' sm_' not in name]
	bad.extend(f'{name}: in the table, but no such kernel' for name in meant if name not in present)
	bad.extend(f'{name}: has no line in the table' for name in sorted({base(name) for name, _ in found}) if name not in limits)
	print('\n'.join(bad) if bad else f'{len(found)} kernels are within their limits')
	return bool(bad)


def say_disassembler(objects):
	tool, compiled = sass.disassembler(), {a for path in objects for a, _ in cubins(open(path, 'rb').read())}
	if tool and 90 not in compiled:
		print('no code for sm_90')
		return True
	print(tool or 'no cuobjdump with an nvdisasm beside it: pip install nvidia-cuda-cuobjdump nvidia-cuda-nvdisasm')
	return tool is None


def check_loops(path, objects):
	limits = occupancy.read_limits(path)
	hot = {}
	for name, bounds in limits.items():
		inside = {what: bound for what, bound in bounds.items() if what.rstrip('>') in sass.MEASURES}
		if inside:
			hot[name.removesuffix(' sm_90')] = inside
	found = loops(objects, hot)
	bad = [line for name in sorted(found) for line in broken(name, 90, found[name], {f'{name} sm_90': hot[name]})]
	bad.extend(f'{name}: the disassembler does not have it' for name in sorted(set(hot) - set(found)))
	print('\n'.join(bad) if bad else f'{len(found)} hot loops are within their limits')
	return bool(bad) or not hot


def propose(counts, objects):
	found = kernels(objects)
	print('# kernel  at most=n  at least>=n. "*": every kernel. A name holds for all instances of a template.')
	print('*  spill=0 stack=0 local=0')
	for name in sorted({base(n) for n, _ in found}):
		of = [have for (n, _), have in found.items() if base(n) == name]
		words = [f'regs={(max(h["regs"] for h in of) + 7) // 8 * 8}', f'smem={max(h["smem"] for h in of)}']
		words += [f'{what}>={least}' for what in ('LDG128', 'LDGSTS', 'LDSM', 'HMMA') if (least := min(h.get(what, 0) for h in of)) > 0]
		words += [f'{what}={most}' for what in ('stack', 'local') if (most := max(h.get(what, 0) for h in of)) > 0]
		print(f'{name}  {" ".join(words)}')
	hot = sorted(add_held(found, counts))
	inside = loops(objects, set(hot)) if sass.disassembler() else {}
	for name in hot:
		words = [f'regs={(found[name, 90]["regs"] + 7) // 8 * 8}', f'held>={found[name, 90]["held"]}']
		if 'loop' in inside.get(name, {}):
			words.append(f'loop={inside[name]["loop"]}')
			words += [f'{what}>={inside[name][what]}' for what in ('wide', 'tensor') if inside[name][what]]
		print(f'{name} sm_90  {" ".join(words)}')


def table(objects):
	rows = [('kernel', 'arch') + COLUMNS]
	for (name, architecture), have in sorted(kernels(objects).items()):
		rows.append((name, str(architecture)) + tuple(str(have.get(c, 0)) for c in COLUMNS))
	widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
	for row in rows:
		print('  '.join([row[0].ljust(widths[0])] + [row[i].rjust(widths[i]) for i in range(1, len(row))]))


def nvcc_only(path):
	"""Lines of code in a file, and those that only nvcc sees, by the function or macro around them."""
	total, only, place, stack = 0, collections.Counter(), None, []
	for line in open(path):
		text = line.strip()
		if m := re.match(r'#\s*(ifdef|ifndef)\s+CUDA_EMU\b', text):
			stack.append(m[1] == 'ifndef')
		elif re.match(r'#\s*if', text):
			stack.append(stack[-1] if stack else False)
		elif re.match(r'#\s*el', text) and stack:
			stack[-1] = not stack[-1] if text.startswith('#else') or text.startswith('#elif') else stack[-1]
		elif re.match(r'#\s*endif', text) and stack:
			stack.pop()
		elif text and not text.startswith(('//', '/*', '*')):
			total += 1
			if m := re.match(r'#\s*define\s+(\w+)', text):
				place = m[1]
			elif not line.startswith(('\t', ' ')) and (m := re.search(r'(\w+)\s*\(', text)):
				place = m[1]
			if stack and stack[-1]:
				only[place] += 1
	return total, only


def check_lines(document, sources):
	total, only = 0, collections.Counter()
	for path in sources:
		n, of = nvcc_only(path)
		total += n
		only.update(of)
	text = open(document).read()
	missing = [place for place in only if f'`{place}`' not in text]
	for place, n in sorted(only.items()):
		print(f'{place}: {n} lines')
	print(f'{sum(only.values())} of {total} lines, {100 * sum(only.values()) / total:.1f} %')
	for place in missing:
		print(f'{document} does not say what stands for {place} where nvcc is not there')
	return bool(missing) or 20 * sum(only.values()) > total


def main(words):
	if len(words) < 2:
		sys.exit(__doc__)
	verb, rest = words[0], words[1:]
	if verb == 'names':
		print('\n'.join(sorted({name for name, _ in kernels(rest)})))
		return False
	with_one_file = {'propose': propose, 'loops': check_loops, 'lines': check_lines}
	if verb == 'limits':
		return check_limits(rest[0], rest[1], rest[2:])
	if verb in with_one_file:
		return with_one_file[verb](rest[0], rest[1:])
	return {'table': table, 'disassembler': say_disassembler}[verb](rest)


sys.exit(1 if main(sys.argv[1:]) else 0)
