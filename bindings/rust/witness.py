#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""witness.py OURS THEIRS > sizes.rs - whether krait-sys and bindgen read krait.h alike.

Compares every function's name and signature, every constant and its value, and every type that is not
opaque. Writes a Rust program that does not compile where their sizes differ."""
import re
import sys


def read(path):
	"""The text without comments, and with no blank but between words: bindgen writes one line where rustfmt is missing."""
	text = re.sub(r"/\*.*?\*/|#\s*\[\s*doc[^\]]*\]|//[^\n]*", "", open(path).read(), flags=re.S)
	text = re.sub(r"\br#fn\b|\bfn_\b", "function", text)
	text = re.sub(r"\s+", " ", text)
	text = re.sub(r" ?:: ?std ?:: ?(os ?:: ?raw|option|marker) ?:: ?", " ", text)
	text = re.sub(r" ?([^\w\s\"]) ?", r"\1", text)
	return re.sub(r",([)>])", r"\1", text)


def parts(text):
	functions = dict(re.findall(r"pub fn (krait_\w+)(\([^;]*?);", text))
	constants = {}
	for name, value in re.findall(r"pub const (KRAIT_\w+):\w+=([^;]*);", text):
		constants[name] = int(re.sub(r"krait_status\(|\)", "", value))
	types = dict(re.findall(r"pub type (krait_\w+)=(.*?);", text))
	types.update(dict(re.findall(r"pub struct (krait_\w+)\(pub (\w+)\)", text)))
	opaque = set(re.findall(r"pub struct (krait_\w+)\{", text))
	return functions, constants, types, opaque


def main():
	ours, theirs = parts(read(sys.argv[1])), parts(read(sys.argv[2]))
	wrong = []
	for what, a, b in zip(("function", "constant", "type"), ours, theirs):
		if len(b) < (3 if what == "type" else 40):
			wrong.append(f"bindgen found {len(b)} of kind {what}")
		for name in sorted(a.keys() | b.keys()):
			if a.get(name) != b.get(name):
				wrong.append(f"{what} {name}: ours {a.get(name)}, bindgen's {b.get(name)}")
	if ours[3] != theirs[3]:
		wrong.append(f"handles: ours {sorted(ours[3])}, bindgen's {sorted(theirs[3])}")
	for line in wrong:
		print(line, file=sys.stderr)
	print("#![allow(clashing_extern_declarations, dead_code, non_camel_case_types)]\nuse std::mem::{align_of, size_of};")
	print(f"#[path = \"{sys.argv[1]}\"] mod ours;\n#[path = \"{sys.argv[2]}\"] mod theirs;")
	for name in sorted(ours[2]):
		for of in ("size_of", "align_of"):
			print(f"const _: () = assert!({of}::<ours::{name}>() == {of}::<theirs::{name}>());")
	return 1 if wrong else 0


sys.exit(main())
