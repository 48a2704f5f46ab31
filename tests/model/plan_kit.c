/* SPDX-License-Identifier: Apache-2.0 */
/* plan_kit.c - see plan_kit.h. */
#include "plan_kit.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>

struct model_config config;
struct checkpoint checkpoint;
struct plan plan;
struct binding *bindings;
struct why why;

void plan_open(const char *name)
{
	char path[128], *text;
	size_t n;

	snprintf(path, sizeof(path), "golden/%s/config.json", name);
	text = support_read(path, &n);
	ck_assert_msg(krait__config_read(&config, NULL, text, n, &why) == KRAIT_OK, "%s", why.text);
	free(text);
	snprintf(path, sizeof(path), "golden/%s", name);
	ck_assert_msg(krait__checkpoint_open(&checkpoint, support_path(path), true, &why) == KRAIT_OK, "%s", why.text);
}

krait_status plan_build(void)
{
	krait__why_clear(&why);
	return krait__plan_build(&plan, &bindings, &config, &checkpoint, &why);
}

void plan_drop(void)
{
	krait__plan_free(&plan);
	krait__free(bindings);
	bindings = NULL;
}
