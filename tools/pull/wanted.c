/* SPDX-License-Identifier: Apache-2.0 */
/* wanted.c - names of models, revisions and files, from the user or from a hub. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "pull/wanted.h"

#include "say.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define COMMIT_SIZE 40
#define PART_MOST 96

bool wanted_is_commit(const char *text)
{
	return strlen(text) == COMMIT_SIZE && strspn(text, "0123456789abcdef") == COMMIT_SIZE;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* One half of a hub's name. */
static bool part_ok(const char *text, size_t n)
{
	if (!n || n > PART_MOST || !is_word(text[0]) || !is_word(text[n - 1]))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!is_word(text[i]) && text[i] != '-' && text[i] != '.')
			return false;
	return true;
}

static bool name_ok(const char *name)
{
	size_t n = strlen(name), first = strcspn(name, "/");

	if (strstr(name, "--") || strstr(name, "..") || (n > 4 && !strcmp(name + n - 4, ".git")))
		return false;
	return part_ok(name, first) && (!name[first] || part_ok(name + first + 1, n - first - 1));
}

bool wanted_path_ok(const char *path)
{
	const char *part = path;

	if (strlen(path) >= sizeof ((struct wanted *)0)->file)
		return false;
	for (const char *c = path; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f || *c == '\\')
			return false;
	for (;;) {
		size_t n = strcspn(part, "/");

		if (!n || n > 255 || (part[0] == '.' && (n == 1 || (n == 2 && part[1] == '.'))))
			return false;
		if (!part[n])
			return true;
		part += n + 1;
	}
}

static bool revision_ok(const char *revision)
{
	return wanted_path_ok(revision) && revision[0] != '.' && !strpbrk(revision, " ~^:?*[@");
}

int wanted_parse(struct wanted *out, const char *text)
{
	size_t n_name = strcspn(text, "@:");
	const char *rest = text + n_name;
	size_t n_revision = *rest == '@' ? strcspn(rest + 1, ":") : 0;
	const char *file = *rest == '@' ? rest + 1 + n_revision : rest;

	memset(out, 0, sizeof *out);
	out->revised = *rest == '@';
	if (n_name >= sizeof out->name || n_revision >= sizeof out->revision || strlen(file) >= sizeof out->file)
		return say_usage("'%.80s...' is too long for the name of a model", text);
	memcpy(out->name, text, n_name);
	memcpy(out->revision, out->revised ? rest + 1 : "main", out->revised ? n_revision : 4);
	if (*file == ':')
		snprintf(out->file, sizeof out->file, "%s", file + 1);
	if (!name_ok(out->name))
		return say_usage("'%s' is no name of a model on a hub: 'organisation/name' is, or 'organisation/name@revision'", text);
	if (!revision_ok(out->revision))
		return say_usage("'%s': '%s' is no name of a revision; 'main' and a commit of 40 digits are", text, out->revision);
	if (*file == ':' && !wanted_path_ok(out->file))
		return say_usage("'%s': '%s' is no name of a file in a model", text, out->file);
	return -1;
}
