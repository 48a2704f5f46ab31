/* SPDX-License-Identifier: Apache-2.0 */
/* test_file.c - replacing a file keeps what its owner gave it. */
#include "base/file.h"
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct why why;

static krait_status replace(const char *path, const char *text)
{
	struct file_part parts[2] = { { text, 1 }, { text + 1, strlen(text) - 1 } };

	return krait__file_replace(path, parts, 2, &why);
}

static void expect(const char *path, const char *text)
{
	size_t n;
	char *data = support_read_path(path, &n);

	ck_assert_str_eq(data, text);
	free(data);
}

static mode_t mode_of(const char *path)
{
	struct stat about;

	ck_assert_int_eq(lstat(path, &about), 0);
	return about.st_mode;
}

START_TEST(permissions_stay)
{
	const char *path = support_join(support_folder(), "chat.state");
	mode_t before = umask(022);

	ck_assert_int_eq(replace(path, "first"), KRAIT_OK);
	ck_assert_int_eq(mode_of(path) & 07777, 0644);
	ck_assert_int_eq(chmod(path, 0600), 0);
	ck_assert_int_eq(replace(path, "second"), KRAIT_OK);
	ck_assert_int_eq(mode_of(path) & 07777, 0600);
	ck_assert_int_eq(chmod(path, 0664), 0);
	ck_assert_int_eq(replace(path, "third"), KRAIT_OK);
	ck_assert_int_eq(mode_of(path) & 07777, 0664);
	expect(path, "third");
	umask(before);
}
END_TEST

START_TEST(links_stay)
{
	const char *folder = support_folder(), *other = support_folder(), *link = support_join(folder, "link"), *file = support_join(other, "file");

	support_write(file, "old", 3);
	ck_assert_int_eq(symlink(file, link), 0);
	ck_assert_msg(replace(link, "new") == KRAIT_OK, "%s", why.text);
	ck_assert(S_ISLNK(mode_of(link)));
	expect(file, "new");
}
END_TEST

/* Links to a file that is not there yet: the file is made where they lead to, and they stay. */
START_TEST(links_to_nothing_stay)
{
	const char *folder = support_folder(), *other = support_folder();
	const char *far = support_join(folder, "far"), *near = support_join(folder, "near"), *lost = support_join(folder, "lost");
	const char *file = support_join(other, "file"), *self = support_join(folder, "self");

	ck_assert_int_eq(symlink(file, far), 0);
	ck_assert_int_eq(symlink("far", near), 0);      /* from its own folder, through the other link */
	ck_assert_msg(replace(near, "new") == KRAIT_OK, "%s", why.text);
	ck_assert(S_ISLNK(mode_of(near)) && S_ISLNK(mode_of(far)) && S_ISREG(mode_of(file)));
	expect(file, "new");
	ck_assert_msg(replace(far, "newer") == KRAIT_OK, "%s", why.text);
	expect(file, "newer");
	ck_assert_int_eq(symlink("no/folder/file", lost), 0);
	ck_assert_int_eq(replace(lost, "text"), KRAIT_ERROR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(why.text, lost));
	ck_assert(S_ISLNK(mode_of(lost)));
	ck_assert_int_eq(symlink("self", self), 0);
	ck_assert_int_eq(replace(self, "text"), KRAIT_ERROR_IO);
	ck_assert(S_ISLNK(mode_of(self)));
}
END_TEST

START_TEST(long_names_fit)
{
	char name[256];
	const char *path;

	memset(name, 'n', 255);
	name[255] = 0;
	path = support_join(support_folder(), name);
	ck_assert_msg(replace(path, "text") == KRAIT_OK, "%s", why.text);
	expect(path, "text");
}
END_TEST

START_TEST(what_is_no_file_is_refused)
{
	const char *folder = support_folder();

	ck_assert_int_eq(replace("/dev/null", "text"), KRAIT_ERROR_IO);
	ck_assert_ptr_nonnull(strstr(why.text, "not a regular file"));
	ck_assert_int_eq(replace(folder, "text"), KRAIT_ERROR_IO);
	ck_assert_int_eq(replace(support_join(folder, "no/such"), "text"), KRAIT_ERROR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(why.text, "no such file or folder"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("file");
	TCase *tcase = tcase_create("file");

	tcase_add_test(tcase, permissions_stay);
	tcase_add_test(tcase, links_stay);
	tcase_add_test(tcase, links_to_nothing_stay);
	tcase_add_test(tcase, long_names_fit);
	tcase_add_test(tcase, what_is_no_file_is_refused);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
