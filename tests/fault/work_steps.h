/* SPDX-License-Identifier: MPL-2.0 */
/* work_steps - one job of a step, drawn. Private to work.c. */
#ifndef CIM_TESTS_WORK_STEPS_H
#define CIM_TESTS_WORK_STEPS_H

#include "tests/fault/work.h"

struct store_job *step_job(struct work *w);
void book_add(struct book *book, const struct author *a,
              const struct sealed *s);

#endif
