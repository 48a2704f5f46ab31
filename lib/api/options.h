/* SPDX-License-Identifier: Apache-2.0 */
/* options.h - what other calls know of the options. */
#ifndef KRAIT_API_OPTIONS_H
#define KRAIT_API_OPTIONS_H

#include <stdbool.h>

/* The lowest and the highest value of an option that takes a number; false: it is none. */
bool krait__options_bounds(int option, double bounds[2]);

#endif
