/* SPDX-License-Identifier: Apache-2.0 */
/* template.c - a chat template and messages: rendered twice it is the same, its tokens are its text, and
 * what a message says never becomes a special token. Parts: template, message (a JSON object), tools, content. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

static const char sound[] =
	"== template\n{%- if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% else %}{% set loop_messages = messages %}{% endif %}"
	"{% for message in loop_messages %}{{ '<|' + message['role'] + '|>\\n' + message['content'] | trim + '<|end|>' }}"
	"{% if loop.last and add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}{% endfor %}{{ tools | tojson if tools is defined else '' }}\n"
	"== tools\n[{\"name\":\"f\",\"parameters\":{\"x\":[1,2.5,null,true]}}]\n"
	"== message\n{\"role\":\"user\",\"content\":\"the\"}\n"
	"== content\n hello \xc3\xa9\n";

static const char *const words[] = {
	"{{", "}}", "{%", "%}", "{%-", "-%}", "{#", "#}", "if ", "else", "elif ", "endif", "for m in messages",
	"endfor", "set x = ", "set ns = namespace(a=1)", "ns.a", "macro f(a, b=2)", "endmacro", "call ", "filter ",
	"endfilter", "generation", "endgeneration", "raise_exception('no')", "strftime_now('%Y')", "messages",
	"message.content", "message['role']", "loop.index0", "loop.last", "loop.previtem", "loop.changed(1)",
	"loop.cycle(1, 2)",
	"add_generation_prompt", "tools", "| trim", "| tojson", "| tojson(indent=2)", "| length", "| upper",
	"| join(',')", "| first", "| last", "| list", "| int", "| float", "| round(1)", "| default('x', true)",
	"| replace('a', 'b')",
	"| selectattr('role', 'equalto', 'user')", "| map(attribute='role')", "| items", "| dictsort", "| indent(2)",
	"| sort", "| unique", "| reverse", "| batch(2)", "| groupby('role')", ".split(' ')", ".strip()",
	".startswith('a')", ".get('a')",
	".items()", ".append(1)", "[1:]", "[::-1]", "[0]", "[-1]", " ~ ", " + ", " * ", " ** ", " // ", " % ", " - ",
	" / ", " and ", " or ", "not ", " in ", " is defined", " is none", " is mapping", " is string", " == ", " < ",
	"'", "\"", "\\n", "\\u00e9",
	"(", ")", "[", "]", "{", "}", ",", ":", "0", "1", "1e5", "0x1f", "9223372036854775807", "1_000", "none",
	"true", "range(3)", "range(100000)", "dict(a=1)", "joiner(',')", "cycler(1,2)", "\n", " ", "\n== message\n",
	"\n== content\n", "\n== tools\n",
};

static size_t mutate(uint8_t *data, size_t n, size_t most, unsigned seed)
{
	if (n < 2 && sizeof(sound) - 1 <= most) {
		memcpy(data, sound, sizeof(sound) - 1);
		n = sizeof(sound) - 1;
	}
	return fuzz_mutate_text(data, n, most, seed, words, sizeof(words) / sizeof(words[0]));
}

struct input { krait_chat *chat; bool ready; };

/* A copy with a zero behind; NULL where a zero is inside. */
static char *text_of(const char *text, size_t n)
{
	char *copy = memchr(text, 0, n) ? NULL : malloc(n + 1);

	if (copy) {
		memcpy(copy, text, n);
		copy[n] = 0;
	}
	return copy;
}

static void take_part(void *user, const char *name, const char *text, size_t n)
{
	struct input *input = user;
	char *copy;

	if (strcmp(name, "message") == 0) {
		(void)krait_chat_add_json(input->chat, text, n);
	} else if (strcmp(name, "tools") == 0) {
		(void)krait_chat_set_json(input->chat, "tools", text, n);
	} else if (strcmp(name, "template") == 0) {
		copy = text_of(text, n);
		input->ready = copy && krait_chat_set_template(input->chat, copy) == KRAIT_OK;
		free(copy);
	} else if (strcmp(name, "content") == 0) {
		copy = text_of(text, n);
		if (copy)
			(void)krait_chat_add(input->chat, "user", copy);
		free(copy);
	}
	fuzz_check_text("krait_chat_error", krait_chat_error(input->chat));
}

static struct fuzz_bytes render(krait_chat *chat, int prompt)
{
	struct fuzz_bytes out = { NULL, 0, 0 };
	size_t n;

	if (krait_chat_render(chat, prompt, NULL, 0, &n) == KRAIT_OK) {
		out.data = malloc(n + 1);
		out.size = n;
		if (krait_chat_render(chat, prompt, (char *)out.data, n, &n) != KRAIT_OK || n != out.size)
			fuzz_broken("rendered again it has another size, or fails: %s", krait_chat_error(chat));
		out.data[n] = 0;
	} else {
		fuzz_check_text("krait_chat_error", krait_chat_error(chat));
		if (!*krait_chat_error(chat))
			fuzz_broken("a rendering fails without a text");
	}
	return out;
}

/* The tokens of what was rendered: their text is the rendering, and none is the secret one. */
static void check_tokens(krait_chat *chat, int prompt, const struct fuzz_bytes *rendered, bool knows)
{
	const krait_tokenizer *tokenizer = krait_model_tokenizer(fuzz_model());
	krait_token secret = krait_tokenizer_find(tokenizer, FUZZ_SECRET, strlen(FUZZ_SECRET)), *ids;
	size_t n, size;
	char *text;

	if (krait_chat_encode(chat, prompt, NULL, 0, &n) != KRAIT_OK)
		fuzz_broken("what is rendered is not encoded: %s", krait_chat_error(chat));
	ids = malloc((n + 1) * sizeof(*ids));
	text = malloc(rendered->size + 1);
	if (krait_chat_encode(chat, prompt, ids, n, &n) != KRAIT_OK)
		fuzz_broken("encoded again it fails: %s", krait_chat_error(chat));
	for (size_t i = 0; i < n && !knows; i++)
		if (ids[i] == secret)
			fuzz_broken("content became a special token");
	if (krait_tokenizer_decode(tokenizer, ids, n, 0, text, rendered->size, &size) != KRAIT_OK
		|| size != rendered->size
		|| memcmp(text, rendered->data, size) != 0)
		fuzz_broken("%zu bytes were rendered, their tokens are %zu", rendered->size, size);
	free(ids);
	free(text);
}

static void run(const uint8_t *data, size_t n)
{
	/* An input that spells the secret token may make it. */
	bool knows = n && memmem(data, n, "secret", 6) != NULL;
	struct input input = { NULL, false };

	if (krait_chat_new(&input.chat, fuzz_model()) != KRAIT_OK)
		fuzz_broken("no chat");
	(void)krait_chat_add(input.chat, "system", "x " FUZZ_SECRET " y");
	fuzz_parts(data, n, take_part, &input);
	(void)krait_chat_add(input.chat, "user", FUZZ_SECRET FUZZ_SECRET);
	for (int prompt = 0; prompt <= 1 && input.ready; prompt++) {
		struct fuzz_bytes once = render(input.chat, prompt), twice;

		if (once.data) {
			twice = render(input.chat, prompt);
			if (once.size != twice.size || memcmp(once.data, twice.data, once.size) != 0)
				fuzz_broken("rendered twice it is not the same");
			check_tokens(input.chat, prompt, &once, knows);
			fuzz_free(&twice);
		}
		fuzz_free(&once);
	}
	krait_chat_free(input.chat);
}

const struct fuzz_harness fuzz_template = { "template", run, mutate };
