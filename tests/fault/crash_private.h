/* SPDX-License-Identifier: MPL-2.0 */
/* crash_private - files, names and operations of a disk, raw. Private to
 * crash_disk.c and crash_at.c. */
#ifndef CIM_TESTS_CRASH_PRIVATE_H
#define CIM_TESTS_CRASH_PRIVATE_H

#include "tests/fault/crash_disk.h"

/* Grows with zeros, or cuts. */
void crash_file_resize(struct crash_file *f, size_t len);
void crash_file_put(struct crash_file *f, uint64_t at, const uint8_t *p,
                    size_t len);
size_t crash_add_file(struct crash_disk *disk);
/* Lent until the next one. */
struct crash_op *crash_add_op(struct crash_disk *disk, enum crash_op_kind kind,
                              size_t file);
void crash_name_add(struct crash_disk *disk, const char *text, size_t file);
void crash_name_drop(struct crash_disk *disk, const char *text);

#endif
