/* SPDX-License-Identifier: Apache-2.0 */
/* line_keys.h - what line editing does at Tab and with pasted text. */
#ifndef TOOLS_LINE_KEYS_H
#define TOOLS_LINE_KEYS_H

#include <histedit.h>

/* Binds Tab and the beginning of a paste; the editor's client data is the line. */
void line_keys_bind(EditLine *edit);

/* Around the reading of a line: the terminal says where a paste begins and ends. */
void line_keys_paste(bool on);

#endif
