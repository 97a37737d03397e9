/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What the check of the bytes lets through, zconfig reads as the same keys:
 * CIM_ESTATE would say that the two disagree. Then a reader walks it all.
 */
#include "node/zpl.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"

static const struct zpl_key keys[] = {{"roster", true, false, false},
                                      {"topic", false, false, true},
                                      {"nodes", false, true, false},
                                      {"*", false, true, false},
                                      {0}};

static void
walk(const struct zpl *zpl, const struct zpl_item *section, unsigned depth)
{
    struct zpl_item item = {0}, found;
    struct cim_diag diag;
    unsigned line = section->line;
    uint64_t number;
    size_t n = 0;

    must(depth <= 8);
    (void)!zpl_check(zpl, section, keys, &diag);
    while (zpl_next(zpl, section, &item)) {
        must(item.line >= line && *item.name);
        line = item.line;
        /* Finding is linear: not for each of thousands. */
        must(n++ > 100 || zpl_find(zpl, section, item.name, &found));
        must(zpl_bad(zpl, &item, &diag, "x") == CIM_EFORM);
        (void)!zpl_number(zpl, &item, 1, 100, &number, &diag);
        walk(zpl, &item, depth + 1);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cim_bytes input = cim_bytes_of(data, size);
    struct cim_diag diag = {{0}};
    struct zpl_item top;
    struct zpl *zpl;
    enum cim_err err = zpl_parse(input, "f.zpl", &zpl, &diag);

    must(err != CIM_ESTATE && !err == !!zpl);
    must(!err || diag.text[0]);
    if (err)
        return 0;
    must(cim_bytes_eq(zpl_text(zpl), input));
    top = zpl_root(zpl);
    walk(zpl, &top, 0);
    zpl_destroy(&zpl);
    return 0;
}
