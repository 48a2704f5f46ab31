/* SPDX-License-Identifier: Apache-2.0 */
/* pickle.c - the machine: a stack, a memo, and one function for each opcode. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "source/pickle.h"
#include "base/memory.h"
#include "base/utf8.h"

#include <string.h>

#define DEEPEST 64u
#define STACK_MOST 32768u       /* the writers of state dicts need about 2,000 */
#define LONGEST_LINE 256u

struct machine {
	struct pickle *out;
	size_t at, next;                /* the opcode that runs; the byte behind what was read */
	struct pickle_value *stack, *memo;
	size_t n_stack, stack_room, n_memo, memo_room;
	int64_t n_dicts;
	bool stopped;
	const char *what;
	struct why *why;
};

typedef krait_status operation(struct machine *machine);

static krait_status refuse(struct machine *machine, const char *reason)
{
	return krait__why(machine->why, KRAIT_ERROR_FORMAT,
		"%s: data.pkl, byte %zu: %s; the file is damaged or is no state dict: save it again with "
		"torch.save(model.state_dict(), ...)", machine->what, machine->at, reason);
}

/* ---- memory ------------------------------------------------------------------------- */

/* Makes room for n items in all. Old and new block exist together for a moment. */
static krait_status grow(struct machine *machine, void **block, size_t *room, size_t n, size_t item)
{
	size_t wanted = *room ? *room * 2 : 64;
	void *more;

	if (n <= *room)
		return KRAIT_OK;
	if (wanted < n)
		wanted = n;
	if (wanted > (machine->out->budget - machine->out->held) / item)
		return refuse(machine, "it needs more memory than a file of this size may take");
	more = krait__resize(*block, wanted, item);
	if (!more)
		return krait__why_memory(machine->why);
	machine->out->held += (wanted - *room) * item;
	*block = more;
	*room = wanted;
	return KRAIT_OK;
}

static krait_status push(struct machine *machine, struct pickle_value value)
{
	void *block = machine->stack;
	krait_status status;

	if (machine->n_stack == STACK_MOST)
		return refuse(machine, "more values are open than a state dict needs");
	status = grow(machine, &block, &machine->stack_room, machine->n_stack + 1, sizeof(value));
	machine->stack = block;
	if (status == KRAIT_OK)
		machine->stack[machine->n_stack++] = value;
	return status;
}

/* The top n values, none of them a mark; NULL: refused. They stay on the stack. */
static struct pickle_value *top(struct machine *machine, size_t n)
{
	for (size_t i = 1; i <= n; i++)
		if (machine->n_stack < i || machine->stack[machine->n_stack - i].kind == PICKLE_MARK) {
			refuse(machine, "a value is missing on the stack");
			return NULL;
		}
	return machine->stack + (machine->n_stack - n);
}

/* How many values lie above the last mark; false: refused. */
static bool above_mark(struct machine *machine, size_t *n)
{
	for (*n = 0; *n < machine->n_stack; ++*n)
		if (machine->stack[machine->n_stack - 1 - *n].kind == PICKLE_MARK)
			return true;
	refuse(machine, "a mark is missing on the stack");
	return false;
}

/* The n bytes behind the opcode, NULL: refused. */
static const unsigned char *operand(struct machine *machine, size_t n)
{
	const unsigned char *at = machine->out->data + machine->next;

	if (n > machine->out->size - machine->next) {
		refuse(machine, "it ends within an opcode");
		return NULL;
	}
	machine->next += n;
	return at;
}

static uint64_t little(const unsigned char *at, int n)
{
	uint64_t value = 0;

	while (n-- > 0)
		value = value << 8 | at[n];
	return value;
}

/* ---- plain values ------------------------------------------------------------------- */

static krait_status run_mark(struct machine *machine) { return push(machine,
	(struct pickle_value){ .kind = PICKLE_MARK }); }
static krait_status run_none(struct machine *machine) { return push(machine,
	(struct pickle_value){ .kind = PICKLE_NONE }); }
static krait_status run_bool(struct machine *machine) { return push(machine,
	(struct pickle_value){ .kind = PICKLE_BOOL }); }
static krait_status run_list(struct machine *machine) { return push(machine, (struct pickle_value){ .kind = PICKLE_LIST,
	.height = 1 }); }
static krait_status run_empty_tuple(struct machine *machine) { return push(machine,
	(struct pickle_value){ .kind = PICKLE_TUPLE, .height = 1 }); }

static krait_status run_dict(struct machine *machine)
{
	return push(machine, (struct pickle_value){ .kind = PICKLE_DICT, .height = 1, .at = machine->n_dicts++ });
}

static krait_status push_int(struct machine *machine, int n_bytes, bool is_signed)
{
	const unsigned char *at = operand(machine, (size_t)n_bytes);
	uint64_t bits;

	if (!at)
		return KRAIT_ERROR_FORMAT;
	bits = little(at, n_bytes);
	if (is_signed && n_bytes > 0 && n_bytes < 8 && at[n_bytes - 1] & 0x80)
		bits |= UINT64_MAX << (8 * n_bytes);
	return push(machine, (struct pickle_value){ .kind = PICKLE_INT, .at = (int64_t)bits });
}

static krait_status run_int1(struct machine *machine) { return push_int(machine, 1, false); }
static krait_status run_int2(struct machine *machine) { return push_int(machine, 2, false); }
static krait_status run_int4(struct machine *machine) { return push_int(machine, 4, true); }

static krait_status run_long(struct machine *machine)
{
	const unsigned char *n = operand(machine, 1);

	if (!n)
		return KRAIT_ERROR_FORMAT;
	return *n <= 8 ? push_int(machine, *n, true) : refuse(machine, "a number of more than 8 bytes");
}

static krait_status run_float(struct machine *machine)
{
	return operand(machine, 8) ? push(machine, (struct pickle_value){ .kind = PICKLE_FLOAT }) : KRAIT_ERROR_FORMAT;
}

static krait_status push_text(struct machine *machine, size_t n_length, bool ascii)
{
	const unsigned char *at = operand(machine, n_length), *text;
	size_t n = at ? (size_t)little(at, (int)n_length) : 0;

	text = at ? operand(machine, n) : NULL;
	if (!text)
		return KRAIT_ERROR_FORMAT;
	for (size_t i = 0; ascii && i < n; i++)
		if (text[i] & 0x80)
			return refuse(machine, "a string that is not ASCII");
	if (!krait__utf8_valid((const char *)text, n))
		return refuse(machine, "a string that is not UTF-8");
	return push(machine, (struct pickle_value){ .kind = PICKLE_TEXT, .n = (uint32_t)n,
		.at = (int64_t)(machine->next - n) });
}

static krait_status run_text(struct machine *machine) { return push_text(machine, 4, false); }
static krait_status run_short_text(struct machine *machine) { return push_text(machine, 1, true); }

static krait_status run_protocol(struct machine *machine)
{
	const unsigned char *version = operand(machine, 1);

	if (!version)
		return KRAIT_ERROR_FORMAT;
	if (machine->at != 0)
		return refuse(machine, "PROTO that is not at the beginning");
	return *version == 2 || *version == 3 ? KRAIT_OK : refuse(machine,
		"another pickle protocol than 2, which torch.save writes");
}

/* ---- containers --------------------------------------------------------------------- */

/* The height of what holds `value` beside others; false: refused. */
static bool raise_height(struct machine *machine, uint8_t *height, const struct pickle_value *value)
{
	if (value->height >= DEEPEST) {
		refuse(machine, "nested more than 64 deep");
		return false;
	}
	if (*height < value->height + 1)
		*height = (uint8_t)(value->height + 1);
	return true;
}

/* Makes a tuple of the top n values. */
static krait_status make_tuple(struct machine *machine, size_t n, size_t n_drop)
{
	struct pickle *out = machine->out;
	struct pickle_value *values = top(machine, n), tuple = { .kind = PICKLE_TUPLE, .height = 1, .n = (uint32_t)n,
		.at = (int64_t)out->n_items };
	void *block = out->items;
	krait_status status;

	if (!values)
		return KRAIT_ERROR_FORMAT;
	for (size_t i = 0; i < n; i++)
		if (!raise_height(machine, &tuple.height, &values[i]))
			return KRAIT_ERROR_FORMAT;
	status = grow(machine, &block, &out->items_room, out->n_items + n, sizeof(*values));
	out->items = block;
	if (status != KRAIT_OK)
		return status;
	if (n)
		memcpy(out->items + out->n_items, values, n * sizeof(*values));
	out->n_items += n;
	machine->n_stack -= n + n_drop;
	return push(machine, tuple);
}

static krait_status run_tuple1(struct machine *machine) { return make_tuple(machine, 1, 0); }
static krait_status run_tuple2(struct machine *machine) { return make_tuple(machine, 2, 0); }
static krait_status run_tuple3(struct machine *machine) { return make_tuple(machine, 3, 0); }

static krait_status run_tuple(struct machine *machine)
{
	size_t n;

	return above_mark(machine, &n) ? make_tuple(machine, n, 1) : KRAIT_ERROR_FORMAT;
}

/* Puts the top n values into the list below them. What lists hold is of no use to a checkpoint. */
static krait_status append(struct machine *machine, size_t n, size_t n_drop)
{
	size_t below = machine->n_stack - n - n_drop;
	struct pickle_value *list;

	if (below == 0 || machine->stack[below - 1].kind != PICKLE_LIST)
		return refuse(machine, "an append to what is no list");
	list = &machine->stack[below - 1];
	for (size_t i = 0; i < n; i++)
		if (!raise_height(machine, &list->height, &machine->stack[machine->n_stack - n + i]))
			return KRAIT_ERROR_FORMAT;
	machine->n_stack = below;
	return KRAIT_OK;
}

static krait_status run_append(struct machine *machine)
{
	return top(machine, 1) ? append(machine, 1, 0) : KRAIT_ERROR_FORMAT;
}

static krait_status run_appends(struct machine *machine)
{
	size_t n;

	return above_mark(machine, &n) ? append(machine, n, 1) : KRAIT_ERROR_FORMAT;
}

static krait_status add_member(struct machine *machine, struct pickle_value *dict, const struct pickle_value *pair)
{
	struct pickle *out = machine->out;
	void *block = out->members;
	krait_status status;

	if (pair[1].kind == PICKLE_DICT && pair[1].at == dict->at)
		return refuse(machine, "a dict that holds itself");
	if (!raise_height(machine, &dict->height, &pair[0]) || !raise_height(machine, &dict->height, &pair[1]))
		return KRAIT_ERROR_FORMAT;
	status = grow(machine, &block, &out->members_room, out->n_members + 1, sizeof(*out->members));
	out->members = block;
	if (status == KRAIT_OK)
		out->members[out->n_members++] = (struct pickle_member){ dict->at, pair[0], pair[1] };
	return status;
}

/* Puts the top n values, key and value in turn, into the dict below them. */
static krait_status set_items(struct machine *machine, size_t n, size_t n_drop)
{
	size_t below = machine->n_stack - n - n_drop;
	krait_status status = KRAIT_OK;

	if (n % 2)
		return refuse(machine, "a key without a value");
	if (below == 0 || machine->stack[below - 1].kind != PICKLE_DICT)
		return refuse(machine, "an item for what is no dict");
	for (size_t i = 0; status == KRAIT_OK && i < n; i += 2)
		status = add_member(machine, &machine->stack[below - 1], &machine->stack[machine->n_stack - n + i]);
	machine->n_stack = below;
	return status;
}

static krait_status run_setitem(struct machine *machine)
{
	return top(machine, 2) ? set_items(machine, 2, 0) : KRAIT_ERROR_FORMAT;
}

static krait_status run_setitems(struct machine *machine)
{
	size_t n;

	return above_mark(machine, &n) ? set_items(machine, n, 1) : KRAIT_ERROR_FORMAT;
}

/* ---- memo --------------------------------------------------------------------------- */

/* Writers number their entries one after the other, from 0 or from 1. So the memo grows with
 * what was put there and never by an index alone. */
static krait_status put(struct machine *machine, size_t n_index)
{
	const unsigned char *at = operand(machine, n_index);
	const struct pickle_value *value = at ? top(machine, 1) : NULL;
	size_t index = value ? (size_t)little(at, (int)n_index) : 0;
	void *block = machine->memo;
	krait_status status;

	if (!value)
		return KRAIT_ERROR_FORMAT;
	if (index > machine->n_memo && !(index == 1 && machine->n_memo == 0))
		return refuse(machine, "a memo index out of turn");
	status = grow(machine, &block, &machine->memo_room, index + 1, sizeof(*value));
	machine->memo = block;
	if (status != KRAIT_OK)
		return status;
	if (index == 1 && machine->n_memo == 0)
		machine->memo[0] = (struct pickle_value){ .kind = PICKLE_MARK };
	machine->memo[index] = *value;
	if (index >= machine->n_memo)
		machine->n_memo = index + 1;
	return KRAIT_OK;
}

static krait_status get(struct machine *machine, size_t n_index)
{
	const unsigned char *at = operand(machine, n_index);
	size_t index = at ? (size_t)little(at, (int)n_index) : 0;

	if (!at)
		return KRAIT_ERROR_FORMAT;
	if (index >= machine->n_memo || machine->memo[index].kind == PICKLE_MARK)
		return refuse(machine, "a memo entry that was never written");
	return push(machine, machine->memo[index]);
}

static krait_status run_put1(struct machine *machine) { return put(machine, 1); }
static krait_status run_put4(struct machine *machine) { return put(machine, 4); }
static krait_status run_get1(struct machine *machine) { return get(machine, 1); }
static krait_status run_get4(struct machine *machine) { return get(machine, 4); }

/* ---- names and what they build ------------------------------------------------------ */

static const struct { const char *text; enum pickle_name name; enum dtype type; } names[] = {
	{ "collections\nOrderedDict\n", NAME_ORDERED_DICT, DTYPE_OTHER },
	{ "torch._utils\n_rebuild_tensor_v2\n", NAME_TENSOR, DTYPE_OTHER },
	{ "torch._utils\n_rebuild_parameter\n", NAME_PARAMETER, DTYPE_OTHER },
	{ "torch\nFloatStorage\n", NAME_STORAGE, DTYPE_F32 },
	{ "torch\nHalfStorage\n", NAME_STORAGE, DTYPE_F16 },
	{ "torch\nBFloat16Storage\n", NAME_STORAGE, DTYPE_BF16 },
	{ "torch\nDoubleStorage\n", NAME_STORAGE, DTYPE_F64 },
	{ "torch\nLongStorage\n", NAME_STORAGE, DTYPE_I64 },
	{ "torch\nIntStorage\n", NAME_STORAGE, DTYPE_I32 },
	{ "torch\nShortStorage\n", NAME_STORAGE, DTYPE_I16 },
	{ "torch\nCharStorage\n", NAME_STORAGE, DTYPE_I8 },
	{ "torch\nByteStorage\n", NAME_STORAGE, DTYPE_U8 },
	{ "torch\nBoolStorage\n", NAME_STORAGE, DTYPE_BOOL },
};

/* The bytes of a line, its newline included; 0: it does not end within the limit. */
static size_t line_length(const struct machine *machine, size_t at)
{
	size_t left = machine->out->size - at;
	const unsigned char *end = memchr(machine->out->data + at, '\n', left < LONGEST_LINE ? left : LONGEST_LINE);

	return end ? (size_t)(end - (machine->out->data + at)) + 1 : 0;
}

static krait_status refuse_name(struct machine *machine, size_t n_module, size_t n_name)
{
	const char *text = (const char *)machine->out->data + machine->at + 1;
	struct quoted module, name;

	return krait__why(machine->why, KRAIT_ERROR_FORMAT,
		"%s: data.pkl, byte %zu: the name %s of module %s is none that a state dict needs, and krait runs no "
		"code of a file; "
		"save torch.save(model.state_dict(), ...) or convert the model to safetensors", machine->what,
		machine->at,
		krait__quote(&name, text + n_module, n_name - 1), krait__quote(&module, text, n_module - 1));
}

static krait_status run_global(struct machine *machine)
{
	const char *text = (const char *)machine->out->data + machine->next;
	size_t n_module = line_length(machine, machine->next);
	size_t n_name = n_module ? line_length(machine, machine->next + n_module) : 0;

	if (!n_name)
		return refuse(machine, "a name that does not end within 256 bytes");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i].text) == n_module + n_name && memcmp(names[i].text, text, n_module + n_name) == 0) {
			machine->next += n_module + n_name;
			return push(machine, (struct pickle_value){ .kind = PICKLE_NAME, .n = names[i].type,
				.at = names[i].name });
		}
	return refuse_name(machine, n_module, n_name);
}

static const struct pickle_value *tuple_items(const struct machine *machine, const struct pickle_value *tuple)
{
	return machine->out->items + tuple->at;
}

/* A size or stride of more items is none that torch writes for a model; it is not looked through each time it is named.
 * */
#define MOST_AXES 8

/* Are these values of the kinds that `kinds` spells? s storage, i int, t tuple of ints,
 * b bool, o dict or None, x text, y storage type, p tensor. */
static bool kinds_are(const struct machine *machine, const struct pickle_value *values, size_t n, const char *kinds)
{
	for (size_t i = 0; i < n; i++) {
		const struct pickle_value *v = &values[i];
		bool good = (kinds[i] == 's' && v->kind == PICKLE_STORAGE) || (kinds[i] == 'i'
			&& v->kind == PICKLE_INT) ||
			(kinds[i] == 't' && v->kind == PICKLE_TUPLE && v->n <= MOST_AXES) || (kinds[i] == 'b'
			&& v->kind == PICKLE_BOOL) ||
			(kinds[i] == 'o' && (v->kind == PICKLE_DICT || v->kind == PICKLE_NONE)) ||
			(kinds[i] == 'x' && v->kind == PICKLE_TEXT) || (kinds[i] == 'p' && v->kind == PICKLE_TENSOR) ||
			(kinds[i] == 'y' && v->kind == PICKLE_NAME && v->at == NAME_STORAGE);

		for (uint32_t k = 0; good && kinds[i] == 't' && k < v->n; k++)
			good = tuple_items(machine, v)[k].kind == PICKLE_INT;
		if (!good)
			return false;
	}
	return true;
}

static krait_status rebuild_tensor(struct machine *machine, const struct pickle_value *arguments,
	struct pickle_value *out)
{
	const struct pickle_value *items;

	if (arguments->n < 6 || arguments->n > 7 || !kinds_are(machine, tuple_items(machine, arguments), arguments->n,
		"sittboo")) return refuse(machine, "a tensor with other arguments than torch writes");
	items = tuple_items(machine, arguments);
	if (items[2].n != items[3].n)
		return refuse(machine, "a tensor whose size and stride are not of one length");
	*out = (struct pickle_value){ .kind = PICKLE_TENSOR, .at = arguments->at };
	return KRAIT_OK;
}

/* Callables are these three and no others. */
static krait_status run_reduce(struct machine *machine)
{
	struct pickle_value *two = top(machine, 2), out;
	krait_status status = KRAIT_OK;

	if (!two)
		return KRAIT_ERROR_FORMAT;
	if (two[0].kind != PICKLE_NAME || two[1].kind != PICKLE_TUPLE)
		return refuse(machine, "REDUCE of what is no allowed name with a tuple");
	if (two[0].at == NAME_ORDERED_DICT && two[1].n == 0)
		out = (struct pickle_value){ .kind = PICKLE_DICT, .ordered = true, .height = 1,
			.at = machine->n_dicts++ };
	else if (two[0].at == NAME_TENSOR)
		status = rebuild_tensor(machine, &two[1], &out);
	else if (two[0].at == NAME_PARAMETER && two[1].n == 3 && kinds_are(machine, tuple_items(machine, &two[1]), 3,
		"pbo")) out = tuple_items(machine, &two[1])[0];
	else
		return refuse(machine, "REDUCE with other arguments than torch writes");
	if (status != KRAIT_OK)
		return status;
	machine->n_stack -= 2;
	return push(machine, out);
}

/* An OrderedDict gets '_metadata' this way; nothing needs it. */
static krait_status run_build(struct machine *machine)
{
	const struct pickle_value *two = top(machine, 2);

	if (!two)
		return KRAIT_ERROR_FORMAT;
	if (two[0].kind != PICKLE_DICT || !two[0].ordered || two[1].kind != PICKLE_DICT)
		return refuse(machine, "BUILD on what is no OrderedDict");
	machine->n_stack--;
	return KRAIT_OK;
}

static krait_status run_storage(struct machine *machine)
{
	static const char storage[] = "storage";
	struct pickle_value *id = top(machine, 1);
	const struct pickle_value *word;

	if (!id)
		return KRAIT_ERROR_FORMAT;
	if (id->kind != PICKLE_TUPLE || id->n != 5 || !kinds_are(machine, tuple_items(machine, id), 5, "xyxxi"))
		return refuse(machine, "a persistent id that is none of a storage");
	word = tuple_items(machine, id);
	if (word->n != strlen(storage) || memcmp(krait__pickle_text(machine->out, word), storage, word->n) != 0)
		return refuse(machine, "a persistent id that is none of a storage");
	*id = (struct pickle_value){ .kind = PICKLE_STORAGE, .at = id->at };
	return KRAIT_OK;
}

static krait_status run_stop(struct machine *machine)
{
	if (machine->n_stack != 1 || machine->stack[0].kind == PICKLE_MARK)
		return refuse(machine, "STOP with anything but one value on the stack");
	machine->stopped = true;
	machine->out->root = machine->stack[0];
	return machine->next == machine->out->size ? KRAIT_OK : refuse(machine, "bytes behind the end of the pickle");
}

/* ---- running ------------------------------------------------------------------------ */

static operation *const operations[256] = {
	[0x80] = run_protocol, ['('] = run_mark, ['.'] = run_stop, ['N'] = run_none, [0x88] = run_bool,
		[0x89] = run_bool,
	['K'] = run_int1, ['M'] = run_int2, ['J'] = run_int4, [0x8a] = run_long, ['G'] = run_float,
	['X'] = run_text, ['U'] = run_short_text, [')'] = run_empty_tuple, [0x85] = run_tuple1, [0x86] = run_tuple2,
	[0x87] = run_tuple3, ['t'] = run_tuple, [']'] = run_list, ['a'] = run_append, ['e'] = run_appends,
	['}'] = run_dict, ['s'] = run_setitem, ['u'] = run_setitems, ['q'] = run_put1, ['r'] = run_put4,
	['h'] = run_get1, ['j'] = run_get4, ['c'] = run_global, ['R'] = run_reduce, ['b'] = run_build,
	['Q'] = run_storage,
};

static krait_status refuse_opcode(struct machine *machine, unsigned char opcode)
{
	static const struct { unsigned char byte; const char *name; } others[] = {
		{ 'i', "INST" }, { 'o', "OBJ" }, { 0x81, "NEWOBJ" }, { 0x92, "NEWOBJ_EX" }, { 'P', "PERSID" }, { 0x82,
			"EXT1" },
		{ 0x83, "EXT2" }, { 0x84, "EXT4" }, { 0x93, "STACK_GLOBAL" }, { 0x95, "FRAME" }, { '0', "POP" }, { '1',
		"POP_MARK" },
		{ '2', "DUP" }, { 0x94, "MEMOIZE" }, { 0x8c, "SHORT_BINUNICODE" }, { 0x8f, "EMPTY_SET" },
	};
	const char *name = "";

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (others[i].byte == opcode)
			name = others[i].name;
	return krait__why(machine->why, KRAIT_ERROR_FORMAT,
		"%s: data.pkl, byte %zu: opcode 0x%02x%s%s is none that a state dict needs; "
		"save torch.save(model.state_dict(), ...) or convert the model to safetensors",
		machine->what, machine->at, opcode, *name ? " " : "", name);
}

krait_status krait__pickle_read(struct pickle *out, const unsigned char *data, size_t size, size_t budget,
	const char *what, struct why *why)
{
	struct machine machine = { .out = out, .what = what, .why = why };
	krait_status status = KRAIT_OK;

	*out = (struct pickle){ .data = data, .size = size, .budget = budget };
	while (status == KRAIT_OK && !machine.stopped) {
		machine.at = machine.next++;
		if (machine.at == size)
			status = refuse(&machine, "it ends without STOP");
		else if (!operations[data[machine.at]])
			status = refuse_opcode(&machine, data[machine.at]);
		else
			status = operations[data[machine.at]](&machine);
	}
	krait__free(machine.stack);
	krait__free(machine.memo);
	out->held -= (machine.stack_room + machine.memo_room) * sizeof(struct pickle_value);
	if (status != KRAIT_OK)
		krait__pickle_free(out);
	return status;
}

void krait__pickle_free(struct pickle *pickle)
{
	krait__free(pickle->items);
	krait__free(pickle->members);
	*pickle = (struct pickle){ 0 };
}
