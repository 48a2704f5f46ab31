#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""generate.py XML - the crate krait-sys from what `swig -xml` says about krait.i.

SWIG's XML is its parse tree. Types there are read from the outside in: "p.q(const).char" is a pointer
to const char. A type that has no rule here is an error. The result is committed; a test of the binding
makes it again and compares.
"""
import re
import sys
import xml.etree.ElementTree as ElementTree

PLAIN = {"void": "c_void", "char": "c_char", "int": "c_int", "float": "f32", "double": "f64", "size_t": "usize",
	"int32_t": "i32", "uint32_t": "u32", "int64_t": "i64", "uint64_t": "u64"}
KEYWORDS = {"as", "box", "fn", "in", "match", "move", "mut", "ref", "type", "use", "where"}

HEAD = """// SPDX-License-Identifier: Apache-2.0
// Made from bindings/krait.i by bindings/rust/generate.py, by way of `swig -xml`. Do not edit.

//! The C interface of libkrait, as it is; krait.h says what each function does. The crate `krait` is
//! the safe interface.
#![allow(non_camel_case_types)]
use std::marker::{PhantomData, PhantomPinned};
use std::os::raw::{c_char, c_int, c_void};

/// How a call ended. Not an enum: a later library may answer with numbers that are not known yet.
#[repr(transparent)]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct krait_status(pub c_int);
"""


def attributes(node):
	found = node.find("attributelist")
	return {a.get("name"): a.get("value") for a in found.findall("attribute")}, found


def head_of(text):
	"""The outermost operator of a type, and what it stands before."""
	if not re.match(r"[pqf][.(]", text):
		return "", text
	depth = 0
	for i, c in enumerate(text):
		depth += (c == "(") - (c == ")")
		if c == "." and depth == 0:
			return text[:i], text[i + 1:]
	sys.exit(f"generate.py: cannot read the type {text!r}")


def split(text):
	"""The parts of "a,f(b,c)" between the commas that are not in parentheses."""
	parts, depth = [""], 0
	for c in text:
		depth += (c == "(") - (c == ")")
		if c == "," and depth == 0:
			parts.append("")
		else:
			parts[-1] += c
	return [p for p in parts if p not in ("", "void")]


def rust(text):
	operator, rest = head_of(text)
	if operator == "":
		name = re.sub(r"^struct ", "", text)
		if name not in PLAIN and not name.startswith("krait_"):
			sys.exit(f"generate.py: no rule for the type {text!r}")
		return PLAIN.get(name, name)
	if operator == "p":
		const = head_of(rest)[0] == "q(const)"
		return ("*const " if const else "*mut ") + rust(head_of(rest)[1] if const else rest)
	if operator.startswith("q("):
		return rust(rest)
	sys.exit(f"generate.py: no rule for the type {text!r}")


def result(declared, kind):
	whole = head_of(declared)[1] + kind
	return "" if whole == "void" else " -> " + rust(whole)


def parameters(found):
	names = []
	for parameter in found.findall("parmlist/parm"):
		a, _ = attributes(parameter)
		if a["type"] != "void":
			name = a["name"] if a["name"] not in KEYWORDS else "r#" + a["name"]
			names.append(f"{name}: {rust(a['type'])}")
	return ", ".join(names)


def constant(name, value):
	value = value.strip("()")
	if re.fullmatch(r"KRAIT_(OK|END|CANCELLED|ERROR_\w+)", name):
		return f"pub const {name}: krait_status = krait_status({value});"
	return f"pub const {name}: c_int = {value};"


def callback(name, a, found):
	declared = a["decl"][len("p."):]
	return f"/// A callback, or none.\npub type {name} = Option<unsafe extern \"C\" fn({parameters(found)}){result(declared, a['type'])}>;"


HANDLE = """#[repr(C)]
pub struct {0} {{
    _opaque: [u8; 0],
    _neither: PhantomData<(*mut u8, PhantomPinned)>,
}}"""


def parts_of(header):
	constants, types, handles, functions = [], [], [], []
	for node in header:
		if node.tag not in ("constant", "cdecl"):
			continue
		a, found = attributes(node)
		name = a["name"]
		if node.tag == "constant" and name.startswith("KRAIT_") and a.get("value"):
			constants.append((name, a["value"]))
		elif node.tag == "cdecl" and a["kind"] == "typedef":
			if a["decl"].startswith("p.f("):
				types.append(callback(name, a, found))
			elif a["type"] == "struct " + name:
				handles.append(HANDLE.format(name))
			elif name != "krait_status":
				types.append(f"pub type {name} = {rust(a['decl'] + a['type'])};")
		elif node.tag == "cdecl" and a["kind"] == "function":
			functions.append(f"    pub fn {name}({parameters(found)}){result(a['decl'], a['type'])};")
	return constants, types, handles, functions


def main():
	tree = ElementTree.parse(sys.argv[1]).getroot()
	header = next(n for n in tree.iter("include") if attributes(n)[0]["name"].endswith("krait.h"))
	constants, types, handles, functions = parts_of(header)
	print(HEAD)
	print("\n".join(types) + "\n")
	print("\n".join(handles) + "\n")
	print("\n".join(constant(*c) for c in constants))
	print("\n/// Every constant, by its name.\npub const CONSTANTS: &[(&str, c_int)] = &[")
	for name, value in constants:
		status = constant(name, value).find("krait_status") > 0
		print(f"    (\"{name}\", {name}{'.0' if status else ''}),")
	print("];\n\n#[link(name = \"krait\")]\nextern \"C\" {")
	print("\n".join(functions))
	print("}")


main()
