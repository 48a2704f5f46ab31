/* SPDX-License-Identifier: Apache-2.0 */
/* test_processors.c - the processors that control groups grant, from trees of files as the kernel shows them. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "support.h"
#include "kernels/cpu/pool.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Writes root/path, making its folders. */
static void put(const char *root, const char *path, const char *text)
{
	char whole[PATH_MAX];
	size_t n = strlen(root);

	snprintf(whole, sizeof(whole), "%s/%s", root, path);
	for (char *slash = strchr(whole + n + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		mkdir(whole, 0777);
		*slash = '/';
	}
	support_write(whole, text, strlen(text));
}

/* One tree: the list of groups, then pairs of a file under /sys/fs/cgroup and its text. */
static const struct tree {
	const char *what;
	unsigned processors;
	const char *list;
	const char *files[4][2];
} trees[] = {
	{ "no list at all", UINT_MAX, NULL, { { NULL, NULL } } },
	{ "no limit", UINT_MAX, "0::/user\n", { { "user/cpu.max", "max 100000\n" } } },
	{ "two processors", 2, "0::/user\n", { { "user/cpu.max", "200000 100000\n" } } },
	{ "one and a half", 2, "0::/user\n", { { "user/cpu.max", "150000 100000\n" } } },
	{ "a tenth", 1, "0::/user\n", { { "user/cpu.max", "10000 100000\n" } } },
	{ "the group around it grants less", 3, "0::/a/b/c\n",
		{ { "a/b/c/cpu.max", "800000 100000\n" }, { "a/b/cpu.max", "max 100000\n" }, { "a/cpu.max", "300000 100000\n" } } },
	{ "a container's own root", 4, "0::/\n", { { "cpu.max", "400000 100000\n" } } },
	{ "a group as the host names it", 4, "0::/docker/0123\n", { { "cpu.max", "400000 100000\n" } } },
	{ "a group outside of ours", 4, "0::/../../other\n", { { "cpu.max", "400000 100000\n" } } },
	{ "the older hierarchy", 3, "5:memory:/m\n4:cpu,cpuacct:/box\n1:name=systemd:/\n",
		{ { "cpu/box/cpu.cfs_quota_us", "250000\n" }, { "cpu/box/cpu.cfs_period_us", "100000\n" } } },
	{ "the older one, under its long name", 1, "4:cpuacct,cpu:/box\n",
		{ { "cpu,cpuacct/cpu.cfs_quota_us", "50000\n" }, { "cpu,cpuacct/cpu.cfs_period_us", "100000\n" } } },
	{ "the older one without a limit", UINT_MAX, "4:cpu:/\n", { { "cpu/cpu.cfs_quota_us", "-1\n" }, { "cpu/cpu.cfs_period_us", "100000\n" } } },
	{ "another controller's limit", UINT_MAX, "4:cpuacct,cpuset:/\n",
		{ { "cpu/cpu.cfs_quota_us", "50000\n" }, { "cpu/cpu.cfs_period_us", "100000\n" } } },
	{ "both hierarchies", 2, "4:cpu:/\n0::/u\n",
		{ { "cpu/cpu.cfs_quota_us", "500000\n" }, { "cpu/cpu.cfs_period_us", "100000\n" }, { "u/cpu.max", "200000 100000\n" } } },
	{ "numbers that make no sense", UINT_MAX, "0::/a/b/c\n",
		{ { "a/b/c/cpu.max", "100000 0\n" }, { "a/b/cpu.max", "100000\n" }, { "a/cpu.max", "99999999999999999999 1\n" }, { "cpu.max", "-5 -5" } } },
	{ "lines that are none", 2, "\n::\nx\n0:\n0::/u", { { "u/cpu.max", "200000 100000" } } },
};
#define N_TREES (sizeof(trees) / sizeof(*trees))

START_TEST(a_tree)
{
	const struct tree *tree = &trees[_i];
	const char *root = support_folder();
	char path[200];
	unsigned n;

	if (tree->list)
		put(root, "proc/self/cgroup", tree->list);
	for (size_t i = 0; i < 4 && tree->files[i][0]; i++) {
		snprintf(path, sizeof(path), "sys/fs/cgroup/%s", tree->files[i][0]);
		put(root, path, tree->files[i][1]);
	}
	n = krait__group_processors(root);
	ck_assert_msg(n == tree->processors, "%s: %u instead of %u", tree->what, n, tree->processors);
}
END_TEST

/* The pool uses no more than either allows. */
START_TEST(here)
{
	unsigned n = krait__pool_processors(), group = krait__group_processors("");

	ck_assert_uint_ge(n, 1);
	ck_assert_uint_le(n, group);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("processors");
	TCase *tests = tcase_create("processors");

	tcase_add_loop_test(tests, a_tree, 0, (int)N_TREES);
	tcase_add_test(tests, here);
	suite_add_tcase(suite, tests);
	return support_run(suite);
}
