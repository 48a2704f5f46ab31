/* SPDX-License-Identifier: Apache-2.0 */
/* plan_kit.h - what the tests of plans share: a golden case's configuration and tensors, to be changed, and the plan that
 * is made of them. */
#ifndef KRAIT_TESTS_MODEL_PLAN_KIT_H
#define KRAIT_TESTS_MODEL_PLAN_KIT_H

#include "model/plan.h"
#include "support.h"

extern struct model_config config;
extern struct checkpoint checkpoint;
extern struct plan plan;
extern struct binding *bindings;
extern struct why why;

/* A folder of tests/data/golden; krait__checkpoint_close is the caller's. */
void plan_open(const char *name);
krait_status plan_build(void);
void plan_drop(void);

#endif
