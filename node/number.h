/* SPDX-License-Identifier: MPL-2.0 */
/* number - whole numbers as people write them in files. */
#ifndef CIM_NODE_NUMBER_H
#define CIM_NODE_NUMBER_H

#include <stdbool.h>

#include "keys/bytes.h"

/* Decimal digits only, no leading zero, 0..max. */
bool number_parse(struct cim_bytes text, uint64_t max, uint64_t *out);

/*
 * A number with one letter behind it or none.
 *   letters  "kmg"; units[i] goes with letters[i]
 * False also when the product is above max.
 */
bool number_with_unit(struct cim_bytes text, const char *letters,
                      const uint64_t *units, uint64_t max, uint64_t *out);

#endif
