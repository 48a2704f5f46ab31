/* SPDX-License-Identifier: Apache-2.0 */
/* templates.c - the templates that krait has by name, and what a template looks like. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "chat/render.h"

#include <string.h>

static const struct { const char *name, *source;
} built_in[] = {
	{ "zephyr",
		"{% for message in messages %}{% if message['role'] in ['system', 'user', 'assistant'] %}"
		"{{ '<|' + message['role'] + '|>\\n' + message['content'] + eos_token + '\\n' }}{% endif %}{% endfor %}"
		"{% if messages and add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}" },
	{ "chatml",
		"{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + "
		"'<|im_end|>\\n' }}{% endfor %}"
		"{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}" },
};

const char *krait__chat_built_in(const char *name)
{
	for (size_t i = 0; i < sizeof(built_in) / sizeof(*built_in); i++)
		if (strcmp(name, built_in[i].name) == 0)
			return built_in[i].source;
	return NULL;
}

bool krait__chat_is_template(const char *text)
{
	return strstr(text, "{{") || strstr(text, "{%");
}
