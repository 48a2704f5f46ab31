/* SPDX-License-Identifier: Apache-2.0 */
/* test_zip.c - archives of which two readers might see two things: made here, record by record, with a lie in one place. */
#include "source/zip.h"
#include "support.h"

#include <string.h>

#define ROOM 4096

/* What is written of one record; `place`: where its local header is said to be, 0: where it was written. */
struct record {
	const char *name, *data;
	size_t n;
	uint32_t place;
	uint16_t local_method;
};

struct archive {
	unsigned char bytes[ROOM];
	size_t n;
};

static void put(struct archive *archive, uint64_t value, int n_bytes)
{
	ck_assert_uint_le(archive->n + (size_t)n_bytes, ROOM);
	while (n_bytes-- > 0) {
		archive->bytes[archive->n++] = (unsigned char)value;
		value >>= 8;
	}
}

static void put_bytes(struct archive *archive, const void *data, size_t n)
{
	ck_assert_uint_le(archive->n + n, ROOM);
	memcpy(archive->bytes + archive->n, data, n);
	archive->n += n;
}

/* The fields that a local header and an entry of the directory share. */
static void put_shared(struct archive *archive, const struct record *record, uint16_t method)
{
	put(archive, 20, 2);            /* the version that is needed */
	put(archive, 0, 2);
	put(archive, method, 2);
	put(archive, 0, 8);             /* time and checksum, which are not looked at */
	put(archive, record->n, 4);
	put(archive, record->n, 4);
	put(archive, strlen(record->name), 2);
	put(archive, 0, 2);
}

static void put_local(struct archive *archive, const struct record *record)
{
	put_bytes(archive, "PK\3\4", 4);
	put_shared(archive, record, record->local_method);
	put_bytes(archive, record->name, strlen(record->name));
	put_bytes(archive, record->data, record->n);
}

static void put_end(struct archive *archive, size_t count, size_t size, size_t offset, size_t n_comment)
{
	put_bytes(archive, "PK\5\6", 4);
	put(archive, 0, 4);
	put(archive, count, 2);
	put(archive, count, 2);
	put(archive, size, 4);
	put(archive, offset, 4);
	put(archive, n_comment, 2);
}

static void make(struct archive *archive, const struct record *records, size_t n, const void *comment, size_t n_comment)
{
	uint32_t places[8];
	size_t directory;

	ck_assert_uint_le(n, sizeof(places) / sizeof(*places));
	archive->n = 0;
	for (size_t i = 0; i < n; i++) {
		places[i] = records[i].place ? records[i].place : (uint32_t)archive->n;
		if (!records[i].place)
			put_local(archive, &records[i]);
	}
	directory = archive->n;
	for (size_t i = 0; i < n; i++) {
		put_bytes(archive, "PK\1\2", 4);
		put(archive, 20, 2);
		put_shared(archive, &records[i], 0);
		put(archive, 0, 10);
		put(archive, places[i], 4);
		put_bytes(archive, records[i].name, strlen(records[i].name));
	}
	put_end(archive, n, archive->n - directory, directory, n_comment);
	put_bytes(archive, comment, n_comment);
}

static krait_status open_it(struct zip *zip, const struct archive *archive, struct why *why)
{
	struct file_view view = { .data = archive->bytes, .size = archive->n };

	return krait__zip_open(zip, &view, "made.bin", why);
}

static void expect(const struct zip *zip, const char *name, const char *data, size_t n)
{
	const struct zip_entry *entry = krait__zip_find(zip, name, strlen(name));

	ck_assert_ptr_nonnull(entry);
	ck_assert_uint_eq(entry->size, n);
	ck_assert_mem_eq(entry->data, data, n);
}

static void must_refuse(const struct archive *archive, const char *says)
{
	struct zip zip;
	struct why why;

	ck_assert_int_eq(open_it(&zip, archive, &why), KRAIT_ERROR_FORMAT);
	ck_assert_msg(strstr(why.text, says) != NULL, "'%s' is not in '%s'", says, why.text);
	ck_assert_ptr_null(zip.entries);
}

static const struct record two[] = { { "a/data.pkl", "first", 5, 0, 0 }, { "a/data/0", "the second", 10, 0, 0 } };

/* What looks like an end record inside a comment does not reach to the end of the file: it is text. */
START_TEST(end_record_in_a_comment)
{
	static struct archive fake, archive;
	struct zip zip;
	struct why why = { .status = KRAIT_OK };

	for (size_t behind = 1; behind < 40; behind += 19) {
		fake.n = 0;
		put_bytes(&fake, "of torch: ", 10);
		put_end(&fake, 1, 50, 0, behind - 1);
		put_bytes(&fake, "....................................................", behind);
		make(&archive, two, 2, fake.bytes, fake.n);
		ck_assert_msg(open_it(&zip, &archive, &why) == KRAIT_OK, "%s", why.text);
		ck_assert_uint_eq(zip.n_entries, 2);
		expect(&zip, "data.pkl", "first", 5);
		expect(&zip, "data/0", "the second", 10);
		krait__zip_close(&zip);
	}
	make(&archive, two, 2, "", 0);
	put_bytes(&archive, "!", 1);    /* and one behind which there is more than its comment is none */
	must_refuse(&archive, "has no end record");
}
END_TEST

/* A record whose header is a part of another one's data: each looks right by itself. */
START_TEST(record_inside_another)
{
	static struct archive inner, archive;
	struct record inside = { "a/data/0", "hidden", 6, 0, 0 }, records[2] = { { "a/data.pkl", NULL, 0, 0, 0 }, inside };
	struct zip zip;
	struct why why = { .status = KRAIT_OK };

	inner.n = 0;
	put_bytes(&inner, "before", 6);
	put_local(&inner, &inside);
	put_bytes(&inner, "after", 5);
	records[0].data = (const char *)inner.bytes;
	records[0].n = inner.n;
	make(&archive, records, 2, "", 0);      /* the same bytes, and the second record at a place of its own */
	ck_assert_msg(open_it(&zip, &archive, &why) == KRAIT_OK, "%s", why.text);
	expect(&zip, "data/0", "hidden", 6);
	krait__zip_close(&zip);
	records[1].place = 30 + 10 + 6;
	make(&archive, records, 2, "", 0);
	must_refuse(&archive, "record 'data/0' of its zip archive overlaps another one");
	records[1].place = 30 + 10 + 5;         /* one byte beside: no header is there at all */
	make(&archive, records, 2, "", 0);
	must_refuse(&archive, "is another one at its place");
}
END_TEST

/* The directory says that it is stored, the local header that it is deflated. */
START_TEST(two_ways_to_read_a_record)
{
	static struct archive archive;
	struct record records[2] = { two[0], two[1] };

	records[1].local_method = 8;
	make(&archive, records, 2, "", 0);
	must_refuse(&archive, "record 'a/data/0' of its zip archive is another one at its place");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zip");
	TCase *tcase = tcase_create("zip");

	tcase_add_test(tcase, end_record_in_a_comment);
	tcase_add_test(tcase, record_inside_another);
	tcase_add_test(tcase, two_ways_to_read_a_record);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
