/* SPDX-License-Identifier: Apache-2.0 */
/* test_hostile_state.c - states whose checksum is right and whose content is not: each is refused as damaged, and what
 * the session was stays. */
#include "kit.h"
#include "base/file.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static krait_model *model;
static unsigned char *whole;
static size_t n_whole;

static void open_model(void)
{
	krait_session *session;
	krait_state *state;
	krait_token tokens[50];

	model = kit_open(kit_kind_case(), NULL);
	session = kit_session(model);
	kit_tokens(tokens, 50, 1);
	kit_ok(session, krait_session_set_bias(session, 3, 0.5f));
	kit_ok(session, krait_session_set_bias(session, 7, 0.5f));
	kit_ok(session, krait_session_add_stop(session, 5));
	kit_ok(session, krait_session_add_stop_text(session, "end", 3));
	kit_ok(session, krait_session_feed(session, tokens, 50));
	kit_ok(session, krait_session_snapshot(&state, session));
	n_whole = krait_state_size(state);
	whole = malloc(n_whole);
	ck_assert_int_eq(krait_state_write(state, whole, n_whole), KRAIT_OK);
	krait_state_free(state);
	krait_session_free(session);
}

static void close_model(void)
{
	free(whole);
	krait_model_free(model);
}

static uint64_t number(const unsigned char *at, int size)
{
	uint64_t value = 0;

	for (int i = 0; i < size; i++)
		value |= (uint64_t)at[i] << (8 * i);
	return value;
}

static void put(unsigned char *at, uint64_t value, int size)
{
	for (int i = 0; i < size; i++)
		at[i] = (unsigned char)(value >> (8 * i));
}

/* The header of a section. */
static unsigned char *section(unsigned char *bytes, const char *tag)
{
	unsigned char *at = bytes + 64;

	while (strncmp((const char *)at, tag, 8) != 0) {
		at += 24 + (number(at + 16, 8) + 7) / 8 * 8;
		ck_assert_uint_lt((size_t)(at - bytes), n_whole);
	}
	return at;
}

static void sign(unsigned char *bytes, size_t n)
{
	XXH128_canonical_t sum;

	put(bytes + 16, n, 8);
	memset(bytes + 40, 0, 16);
	XXH128_canonicalFromHash(&sum, XXH3_128bits(bytes, n));
	memcpy(bytes + 40, sum.digest, 16);
}

static krait_status read_signed(unsigned char *bytes, size_t n)
{
	krait_state *state;
	krait_status status;

	sign(bytes, n);
	status = krait_state_read(&state, model, bytes, n);
	if (status != KRAIT_OK)
		ck_assert_uint_gt(strlen(krait_state_error(state)), 0);
	krait_state_free(state);
	return status;
}

static const struct {
	const char *tag;
	size_t at;              /* of the payload */
	uint64_t value;
	int size;
} spoiled[] = {
	{ "course", 0, ((uint64_t)1 << 62) + 1, 8 },    /* a position that no sequence has */
	{ "course", 0, UINT64_MAX - 9, 8 },
	{ "course", 0, 49, 8 },                         /* fewer than the section 'past' has */
	{ "course", 8, 51, 8 },                         /* more generated than read */
	{ "course", 16, UINT64_MAX, 8 },                /* a limit below 0 */
	{ "course", 24, 4, 4 },                         /* a reason that there is not */
	{ "course", 28, 1 << 20, 4 },                   /* a token that there is not */
	{ "sampling", 0, UINT64_MAX, 8 },               /* NaN */
	{ "sampling", 72, 1 << 30, 8 },                 /* so many biases */
	{ "sampling", 80, 7, 4 },                       /* not ascending */
	{ "sampling", 80, 1 << 20, 4 },
	{ "sampling", 84, 0x7fc00000, 4 },              /* a bias of NaN */
	{ "counts", 0, UINT64_MAX, 8 },
	{ "counts", 8, 1 << 20, 4 },
	{ "counts", 12, 0, 4 },
	{ "stops", 0, 1 << 28, 8 },
	{ "stops", 8, 1 << 20, 4 },
	{ "past", 16, 1 << 28, 8 },
	{ "past", 24, 1 << 20, 4 },                     /* a token that there is not */
	{ "tensor", 0, 5, 4 },                          /* a rank that there is not */
};

START_TEST(test_numbers)
{
	unsigned char *bytes = malloc(n_whole);

	memcpy(bytes, whole, n_whole);
	ck_assert_int_eq(read_signed(bytes, n_whole), KRAIT_OK);
	put(section(bytes, spoiled[_i].tag) + 24 + spoiled[_i].at, spoiled[_i].value, spoiled[_i].size);
	ck_assert_int_eq(read_signed(bytes, n_whole), KRAIT_ERROR_FORMAT);
	free(bytes);
}
END_TEST

/* Without a section: those that a state must have are missed, the past is not. */
START_TEST(test_missing)
{
	static const char *const tags[] = { "course", "sampling", "counts", "stops", "output", "tensor", "past" };

	for (size_t i = 0; i < sizeof(tags) / sizeof(*tags); i++) {
		unsigned char *bytes = malloc(n_whole), *at;
		size_t size, n = n_whole;

		memcpy(bytes, whole, n);
		at = section(bytes, tags[i]);
		size = 24 + (size_t)(number(at + 16, 8) + 7) / 8 * 8;
		memmove(at, at + size, n - (size_t)(at - bytes) - size);
		n -= size;
		put(bytes + 12, number(bytes + 12, 4) - 1, 4);
		ck_assert_int_eq(read_signed(bytes, n), i < 6 ? KRAIT_ERROR_FORMAT : KRAIT_OK);
		free(bytes);
	}
}
END_TEST

/* ---- parts that grow ------------------------------------------------------------------- */

static bool grows(const unsigned char *at)
{
	return strncmp((const char *)at, "tensor", 8) == 0 && number(at + 24, 4) == 3 && number(at + 32, 8) == 50;
}

static size_t whole_section(const unsigned char *at)
{
	return 24 + (size_t)(number(at + 16, 8) + 7) / 8 * 8;
}

/* The header of the index-th tensor that has the positions as an axis. */
static unsigned char *growing(unsigned char *bytes, int index)
{
	unsigned char *at = section(bytes, "tensor");

	while (!grows(at) || index-- > 0) {
		at += whole_section(at);
		ck_assert_uint_lt((size_t)(at - bytes), n_whole);
	}
	return at;
}

/* k of another length than the course, or than v; a position that no machine has room for, said by all, or by the course
 * alone. */
START_TEST(test_other_length)
{
	static const struct { int64_t course, first, all; } said[] = { { 50, 49, 50 }, { 50, 51, 50 }, { 50, 0, 50 }, { 49, 50, 50 }, { 51, 50, 50 },
		{ (int64_t)1 << 60, 50, 50 }, { (int64_t)1 << 60, (int64_t)1 << 60, (int64_t)1 << 60 }, { (int64_t)1 << 40, (int64_t)1 << 40, (int64_t)1 << 40 },
		{ 0, 50, 50 }, { 0, 0, 0 }, { 50, -1, 50 } };
	unsigned char *bytes = malloc(n_whole), *at[64];
	int n = 0;

	memcpy(bytes, whole, n_whole);
	for (unsigned char *one = section(bytes, "tensor"); one < bytes + n_whole; one += whole_section(one))
		if (grows(one))
			at[n++] = one;
	ck_assert_int_gt(n, 0);
	put(section(bytes, "course") + 24, (uint64_t)said[_i].course, 8);
	for (int i = 0; i < n; i++)
		put(at[i] + 32, (uint64_t)(i ? said[_i].all : said[_i].first), 8);
	ck_assert_int_eq(read_signed(bytes, n_whole), KRAIT_ERROR_FORMAT);
	free(bytes);
}
END_TEST

START_TEST(test_growing_is_missing)
{
	for (int i = 0; i < 2; i++) {
		unsigned char *bytes = malloc(n_whole), *at;
		size_t size;

		memcpy(bytes, whole, n_whole);
		at = growing(bytes, i);
		size = whole_section(at);
		memmove(at, at + size, n_whole - (size_t)(at - bytes) - size);
		put(bytes + 12, number(bytes + 12, 4) - 1, 4);
		ck_assert_int_eq(read_signed(bytes, n_whole - size), KRAIT_ERROR_FORMAT);
		free(bytes);
	}
}
END_TEST

/* Sections may stand in any order, but for the course, which says how long others are. */
START_TEST(test_before_its_course)
{
	unsigned char *bytes = malloc(n_whole), *at;
	size_t size, before;

	memcpy(bytes, whole, n_whole);
	at = kit_kind_grows() ? growing(bytes, 0) : section(bytes, "tensor");
	size = whole_section(at);
	before = (size_t)(at - bytes) - 64;
	memmove(bytes + 64 + size, bytes + 64, before);
	memcpy(bytes + 64, whole + 64 + before, size);
	ck_assert_int_eq(read_signed(bytes, n_whole), kit_kind_grows() ? KRAIT_ERROR_FORMAT : KRAIT_OK);
	free(bytes);
}
END_TEST

/* In place of the output section: what it holds back of a character, and of a text. */
static krait_status with_output(const char *held, size_t n_held, const char *text, size_t n_text)
{
	unsigned char *bytes = calloc(1, n_whole + n_text + 100), *at;
	size_t old, size = 16 + (n_held + 7) / 8 * 8 + (n_text + 7) / 8 * 8, n;
	krait_status status;

	memcpy(bytes, whole, n_whole);
	at = section(bytes, "output");
	old = (size_t)(number(at + 16, 8) + 7) / 8 * 8;
	memmove(at + 24 + size, at + 24 + old, n_whole - (size_t)(at - bytes) - 24 - old);
	memset(at + 24, 0, size);
	put(at + 16, size, 8);
	put(at + 24, n_held, 8);
	memcpy(at + 32, held, n_held);
	put(at + 32 + (n_held + 7) / 8 * 8, n_text, 8);
	memcpy(at + 40 + (n_held + 7) / 8 * 8, text, n_text);
	n = n_whole - old + size;
	status = read_signed(bytes, n);
	free(bytes);
	return status;
}

START_TEST(test_output)
{
	char *much = malloc((1 << 20) + 1);

	memset(much, 'e', (1 << 20) + 1);
	ck_assert_int_eq(with_output("", 0, "en", 2), KRAIT_OK);
	ck_assert_int_eq(with_output("\xf0\x9f\x98", 3, "", 0), KRAIT_OK);
	ck_assert_int_eq(with_output("\xf0\x9f\x98\x80", 4, "", 0), KRAIT_ERROR_FORMAT);
	ck_assert_int_eq(with_output("abc", 3, "", 0), KRAIT_ERROR_FORMAT);
	ck_assert_int_eq(with_output("\xff", 1, "", 0), KRAIT_ERROR_FORMAT);
	ck_assert_int_eq(with_output("", 0, "\xff", 1), KRAIT_ERROR_FORMAT);
	ck_assert_int_eq(with_output("", 0, much, 1 << 20), KRAIT_OK);
	ck_assert_int_eq(with_output("", 0, much, (1 << 20) + 1), KRAIT_ERROR_FORMAT);
	free(much);
}
END_TEST

/* ---- files --------------------------------------------------------------------------- */

static size_t n_read;
static ssize_t (*real_read_at)(int fd, void *out, size_t size, off_t offset);

static ssize_t counted_read_at(int fd, void *out, size_t size, off_t offset)
{
	ssize_t n = real_read_at(fd, out, size, offset);

	n_read += n > 0 ? (size_t)n : 0;
	return n;
}

/* Refused by name, after no more than so many bytes were read. */
static void refuse(const char *path, krait_status expected, const char *says, size_t most)
{
	krait_state *state;
	krait_status status;

	real_read_at = krait__files.read_at;
	krait__files.read_at = counted_read_at;
	n_read = 0;
	status = krait_state_load(&state, model, path);
	krait__files.read_at = real_read_at;
	ck_assert_msg(status == expected && strstr(krait_state_error(state), path) && strstr(krait_state_error(state), says),
		"%s: %d: %s", path, status, krait_state_error(state));
	ck_assert_msg(n_read <= most, "%s: %zu bytes were read", path, n_read);
	krait_state_free(state);
}

/* `n` bytes and zeros behind them, which take no room on the disk. */
static const char *sparse(const char *name, const void *bytes, size_t n, off_t size)
{
	const char *path = support_join(support_folder(), name);

	support_write(path, bytes, n);
	ck_assert_int_eq(truncate(path, size), 0);
	return path;
}

START_TEST(test_large_files)
{
	const off_t far = (off_t)1 << 40;
	unsigned char head[64];
	const char *fifo = support_join(support_folder(), "fifo");

	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	refuse("/dev/zero", KRAIT_ERROR_IO, "not a regular file", 0);
	refuse(fifo, KRAIT_ERROR_IO, "not a regular file", 0);
	refuse(sparse("zeros", "", 0, far), KRAIT_ERROR_FORMAT, "this is no state", 64);
	memcpy(head, whole, sizeof(head));
	refuse(sparse("longer", head, 64, far), KRAIT_ERROR_FORMAT, "the state is damaged: it says", 64);
	put(head + 16, (uint64_t)far, 8);
	if (!kit_kind_grows())                  /* one that grows may have any size */
		refuse(sparse("honest", head, 64, far), KRAIT_ERROR_FORMAT, "that such a file may have", 64);
	refuse(sparse("short", head, 30, 30), KRAIT_ERROR_FORMAT, "this is no state", 30);
}
END_TEST

static void fill(TCase *tcase)
{
	tcase_add_checked_fixture(tcase, open_model, close_model);
	tcase_add_loop_test(tcase, test_numbers, 0, (int)(sizeof(spoiled) / sizeof(*spoiled)));
	tcase_add_test(tcase, test_missing);
	tcase_add_test(tcase, test_before_its_course);
	if (kit_kind_grows()) {
		tcase_add_loop_test(tcase, test_other_length, 0, 11);
		tcase_add_test(tcase, test_growing_is_missing);
	}
	tcase_add_test(tcase, test_output);
	tcase_add_test(tcase, test_large_files);
}

int main(void)
{
	Suite *suite = suite_create("hostile_state");

	kit_each_kind(suite, "hostile_state", 0, fill);
	return support_run(suite);
}
