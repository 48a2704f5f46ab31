/* SPDX-License-Identifier: Apache-2.0 */
/* without.c - `krait pull` in a build without libcurl. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "pull/pull.h"

#include "options.h"
#include "say.h"

static int missing(void)
{
	return say_failure("this krait was built without libcurl and libcrypto, which fetch models: build it with them "
		"(on Debian: libcurl4-openssl-dev, libssl-dev), or fetch the model with another client of the hub; krait finds it in the same cache");
}

bool pull_is_name(const char *text)
{
	(void)text;
	return false;
}

int pull_model(const char *name)
{
	(void)name;
	return missing();
}

int verb_pull(const struct verb *verb, int argc, char **argv)
{
	struct common common = { 0 };
	int first, status = options_parse(verb, NULL, 0, &common, argc, argv, &first);

	return status >= 0 ? status : missing();
}
