/* SPDX-License-Identifier: Apache-2.0 */
/* json_number.h - decimal numbers, read and written without a look at the host's locale. */
#ifndef KRAIT_BASE_JSON_NUMBER_H
#define KRAIT_BASE_JSON_NUMBER_H

#include "base/buffer.h"

/* The double nearest to a JSON number, infinite beyond the largest; `room` is used on the way.
 * False: no memory. */
bool krait__number_read(double *out, const char *text, size_t n_text, struct buffer *room);

/* The shortest text (of 15 to 17 digits) that reads back as the same finite number, with a
 * fraction or an exponent. Returns its length. */
#define NUMBER_TEXT 40
size_t krait__number_write(char out[NUMBER_TEXT], double number);

/* The number as a message shows it, as %g does in the C locale; returns `out`. SHOWN gives it a place for the rest
 * of a block. */
const char *krait__number_show(char out[NUMBER_TEXT], double number);
#define SHOWN(number) krait__number_show((char[NUMBER_TEXT]){ 0 }, (number))

#endif
