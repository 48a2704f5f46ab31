/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer.c - a tokenizer.json, read twice, and a text; then texts for sound tokenizers. */
#include "fuzz.h"
#include "krait_experimental.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tokens { krait_token *ids; size_t n; };

static struct tokens encode(const krait_tokenizer *tokenizer, const char *text, size_t n_text, int flags)
{
	struct tokens out = { NULL, 0 };
	size_t again = 0;
	krait_status status = krait_tokenizer_encode(tokenizer, text, n_text, flags, NULL, 0, &out.n);

	if (status == KRAIT_ERROR_UNSUPPORTED)
		return out;
	if (status != KRAIT_OK)
		fuzz_broken("encoding asks for room with %d", status);
	out.ids = malloc((out.n + 1) * sizeof(*out.ids));
	if (out.n && krait_tokenizer_encode(tokenizer, text, n_text, flags, out.ids, out.n - 1,
		&again) != KRAIT_ERROR_SPACE)
		fuzz_broken("too little room is no error");
	if (krait_tokenizer_encode(tokenizer, text, n_text, flags, out.ids, out.n, &again) != KRAIT_OK
		|| again != out.n)
		fuzz_broken("%zu tokens, then %zu", out.n, again);
	for (size_t i = 0; i < out.n; i++)
		if (out.ids[i] < 0 || (size_t)out.ids[i] >= krait_tokenizer_size(tokenizer))
			fuzz_broken("the id %d of %zu", out.ids[i], krait_tokenizer_size(tokenizer));
	return out;
}

static struct fuzz_bytes decode(const krait_tokenizer *tokenizer, struct tokens tokens, int flags)
{
	struct fuzz_bytes out = { NULL, 0, 0 };
	size_t n;

	if (krait_tokenizer_decode(tokenizer, tokens.ids, tokens.n, flags, NULL, 0, &n) != KRAIT_OK)
		fuzz_broken("decoding asks for room");
	out.data = malloc(n + 1);
	out.size = n;
	if (krait_tokenizer_decode(tokenizer, tokens.ids, tokens.n, flags, (char *)out.data, n, &n) != KRAIT_OK
		|| n != out.size)
		fuzz_broken("another size of the text");
	return out;
}

/* Token by token, the decoder gives what decoding all of it gives. */
static void check_stream(krait_tokenizer *tokenizer, struct tokens tokens, const struct fuzz_bytes *whole)
{
	struct fuzz_bytes joined = { NULL, 0, 0 };
	krait_decoder *decoder;

	if (krait_decoder_new(&decoder, tokenizer) != KRAIT_OK)
		fuzz_broken("no decoder");
	for (size_t i = 0; i <= tokens.n; i++) {
		krait_status status = i < tokens.n ? krait_decoder_push(decoder,
			tokens.ids[i]) : krait_decoder_flush(decoder);

		if (status != KRAIT_OK)
			fuzz_broken("the decoder answers %d", status);
		fuzz_add(&joined, krait_decoder_piece(decoder), krait_decoder_piece_size(decoder));
	}
	if (joined.size != whole->size || (joined.size && memcmp(joined.data, whole->data, joined.size) != 0))
		fuzz_broken("pieces of %zu bytes, decoded at once %zu", joined.size, whole->size);
	krait_decoder_free(decoder);
	fuzz_free(&joined);
}

/* A special token is one that is left out where special tokens are. */
static bool is_special(const krait_tokenizer *tokenizer, krait_token token)
{
	size_t with, without;

	if (krait_tokenizer_decode(tokenizer, &token, 1, 0, NULL, 0, &with) != KRAIT_OK
		|| krait_tokenizer_decode(tokenizer, &token, 1, KRAIT_SKIP_SPECIAL, NULL, 0, &without) != KRAIT_OK)
		fuzz_broken("one token is not decoded");
	return with > 0 && without == 0;
}

static void check_text(krait_tokenizer *tokenizer, krait_tokenizer *other, const char *text, size_t n_text, int flags)
{
	uint64_t before = krait_tokenizer_steps(tokenizer);
	struct tokens a = encode(tokenizer, text, n_text, flags), b = encode(other, text, n_text, flags);
	uint64_t steps = krait_tokenizer_steps(tokenizer) - before;
	struct fuzz_bytes whole = decode(tokenizer, a, 0);

	if (a.n != b.n || (a.n && memcmp(a.ids, b.ids, a.n * sizeof(*a.ids)) != 0))
		fuzz_broken("the same file gives other ids");
	for (size_t i = 0; flags == 0 && i < a.n; i++)
		if (is_special(tokenizer, a.ids[i]))
			fuzz_broken("plain text becomes the special token %d", a.ids[i]);
	/* Three times the bound of patterns, and what the longest normal form and the longest heap take. */
	if (steps > 40000000 + 20000 * (uint64_t)n_text)
		fuzz_broken("%llu steps for %zu bytes", (unsigned long long)steps, n_text);
	check_stream(tokenizer, a, &whole);
	fuzz_free(&whole);
	free(a.ids);
	free(b.ids);
}

/* ------------------------------------------------------------------ tokenizer */

static const char *const words[] = {
	"\"added_tokens\":", "{\"id\":259,\"content\":\"th\",\"special\":true}", "\"normalized\":true",
	"\"single_word\":true", "\"lstrip\":true", "\"rstrip\":true", "\"special\":false",
	"\"normalizer\":", "{\"type\":\"NFC\"}", "{\"type\":\"NFD\"}", "{\"type\":\"NFKC\"}",
	"{\"type\":\"Lowercase\"}", "{\"type\":\"Sequence\",\"normalizers\":[]}", "\"pre_tokenizer\":",
	"{\"type\":\"Split\",\"pattern\":{\"Regex\":\"\"},\"behavior\":\"Isolated\"}", "\"Removed\"",
	"\"Contiguous\"", "\"MergedWithPrevious\"", "\"MergedWithNext\"", "\"invert\":true",
	"{\"type\":\"Digits\",\"individual_digits\":true}", "{\"type\":\"Punctuation\"}", "\"ignore_merges\":true,",
	"\"fuse_unk\":true,", "\"unk_token\":\"a\",", "\"byte_fallback\":true,",
	"\"post_processor\":", "{\"type\":\"TemplateProcessing\"}", "\\\\h", "\\\\s", "\\\\w", "\\\\b", "[^x]",
	"(?i:", "(?=", "(?!", "(?>", "(?<=", "*+", "++", "{1,3}", "{2}?", "\\\\p{L}", "\\\\p{Han}", "&&",
	"[[:alpha:]]", "|", ")", "]", "[", "0", "-1", "1048576", "null", "\\u0000", "\\ud800", "\xc3\xa9",
	"e\xcc\x81", "<|end|>", "\n== text\n", "\xff", " ", "''s",
};

static size_t mutate(uint8_t *data, size_t n, size_t most, unsigned seed)
{
	if (n < 2) {
		struct fuzz_bytes base = { NULL, 0, 0 }, json = fuzz_tokenizer_json();

		fuzz_print(&base, "== tokenizer.json\n");
		fuzz_add(&base, json.data, json.size);
		fuzz_print(&base, "\n== text\nthe he's 12 <|end|>\xff \xf0\x9f\x98\x80");
		if (base.size <= most) {
			memcpy(data, base.data, base.size);
			n = base.size;
		}
		fuzz_free(&json);
		fuzz_free(&base);
	}
	return fuzz_mutate_text(data, n, most, seed, words, sizeof(words) / sizeof(words[0]));
}

struct input { const char *json, *text; size_t n_json, n_text; };

static void take_part(void *user, const char *name, const char *text, size_t n)
{
	struct input *input = user;

	if (strcmp(name, "tokenizer.json") == 0) {
		input->json = text;
		input->n_json = n;
	} else if (strcmp(name, "text") == 0) {
		input->text = text;
		input->n_text = n;
	}
}

static void run(const uint8_t *data, size_t n)
{
	static const char always[] = "the he's 12 <|end|>";
	static const char *folder;
	struct input input = { "", always, 0, sizeof(always) - 1 };
	krait_tokenizer *one, *two;
	krait_status status;

	if (!folder)
		folder = fuzz_folder();
	fuzz_parts(data, n, take_part, &input);
	fuzz_put(folder, "tokenizer.json", input.json, input.n_json);
	status = krait_tokenizer_open(&one, fuzz_path(folder, "tokenizer.json"));
	if (status == KRAIT_OK) {
		if (krait_tokenizer_open(&two, folder) != KRAIT_OK)
			fuzz_broken("the second time: %s", krait_tokenizer_error(two));
		check_text(one, two, input.text, input.n_text, 0);
		check_text(one, two, input.text, input.n_text, KRAIT_PARSE_SPECIAL);
		check_text(one, two, input.text, input.n_text, KRAIT_PARSE_SPECIAL | KRAIT_ADD_SPECIAL);
		krait_tokenizer_free(two);
	} else {
		fuzz_check_text("krait_tokenizer_error", krait_tokenizer_error(one));
		if (status == KRAIT_ERROR_MEMORY || !*krait_tokenizer_error(one))
			fuzz_broken("a tokenizer's answer is %d: %s", status, krait_tokenizer_error(one));
	}
	krait_tokenizer_free(one);
}

const struct fuzz_harness fuzz_tokenizer = { "tokenizer", run, mutate };

/* ------------------------------------------------------------------ encode: a byte that picks a tokenizer, one of flags, a text */

static const char *const sound[] = { "tiny", "gpt4", "falcon", "llama3", "options", "demo" };
#define N_SOUND (sizeof(sound) / sizeof(sound[0]))
#define DEMO 5

static const char *const texts[] = {
	" ", "  ", "\n", "\r\n", "\t", "'s", "'LL", "'\xc5\xbf", "1", "234", "\xc2\xbd", "\xd9\xa3", "the", "Rabbit",
	"<|endoftext|>", "<left>", "<right>", "<mask>", "<|im_end|>", "\xc3\xa9", "e\xcc\x81\xcc\x96",
	"\xf0\x9f\x98\x80", "\xf0\x9f\x98", "\xff", "\xe2\x82", "\xed\xa0\x80", "\xe6\x97\xa5", "\xef\xb7\xba",
	"\xe3\x80\x80", "\xc2\x85", "!", "-=", "\xe2\x80\x94", "_", "wide", "\xef\xbc\xb7",
};

static size_t encode_mutate(uint8_t *data, size_t n, size_t most, unsigned seed)
{
	if (n < 2) {
		if (most < 2)
			return n;
		data[0] = (uint8_t)fuzz_random(&seed);
		data[1] = (uint8_t)fuzz_random(&seed);
		n = 2;
	}
	if (fuzz_random(&seed) % 16 == 0)
		data[fuzz_random(&seed) % 2]++;
	return 2 + fuzz_mutate_text(data + 2, n - 2, most - 2, seed, texts, sizeof(texts) / sizeof(texts[0]));
}

/* Whether a text is as it is when decoded: it has no ill-formed part. */
static bool well_formed(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)text[i] >= 0x80)
			return false;
	return true;
}

static void encode_run(const uint8_t *data, size_t n)
{
	static krait_tokenizer *opened[N_SOUND];
	const char *tests = getenv("KRAIT_TEST_DATA"), *models = getenv("KRAIT_MODEL_PATH"),
		*text = (const char *)data + 2;
	size_t which;
	int flags;

	if (n < 2 || !tests || !models)
		return;
	which = data[0] % N_SOUND;
	flags = data[1] & (KRAIT_PARSE_SPECIAL | KRAIT_ADD_SPECIAL);
	if (!opened[which]) {
		char path[512];

		snprintf(path, sizeof(path), which == DEMO ? "%s/demo" : "%s/tokenizer/%s",
			which == DEMO ? models : tests, sound[which]);
		if (krait_tokenizer_open(&opened[which], path) != KRAIT_OK)
			fuzz_broken("%s", krait_tokenizer_error(opened[which]));
	}
	check_text(opened[which], opened[which], text, n - 2, flags);
	/* The demo's has all bytes and changes none of them. */
	if (which == DEMO && well_formed(text, n - 2) && !(flags & KRAIT_ADD_SPECIAL)) {
		struct tokens tokens = encode(opened[which], text, n - 2, flags);
		struct fuzz_bytes back = decode(opened[which], tokens, 0);

		if (back.size != n - 2 || memcmp(back.data, text, n - 2) != 0)
			fuzz_broken("%zu bytes come back as %zu", n - 2, back.size);
		fuzz_free(&back);
		free(tokens.ids);
	}
}

const struct fuzz_harness fuzz_encode = { "encode", encode_run, encode_mutate };
