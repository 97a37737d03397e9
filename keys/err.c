/* SPDX-License-Identifier: MPL-2.0 */
#include "keys/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "keys/bytes.h"

static const struct {
    const char *label, *text;
} rows[] = {
#define CIM_ERR_ROW(name, label, text) {label, text},
    CIM_ERRORS(CIM_ERR_ROW)
#undef CIM_ERR_ROW
};

const char *
cim_err_text(enum cim_err err)
{
    return (unsigned)err < CIM_ERR_N ? rows[err].text : "unknown error";
}

const char *
cim_err_label(enum cim_err err)
{
    return (unsigned)err < CIM_ERR_N ? rows[err].label : "unknown";
}

/* Bytes of the printable character at p; 0 for a control or no UTF-8. */
static size_t
printable(const char *p, size_t left)
{
    uint32_t code;
    size_t n = cim_utf8_next((const uint8_t *)p, left, &code);

    return cim_utf8_unsafe(code) ? 0 : n;
}

void
cim_diag_set(struct cim_diag *diag, const char *fmt, ...)
{
    va_list ap;

    if (!diag)
        return;
    va_start(ap, fmt);
    int n = vsnprintf(diag->text, sizeof diag->text, fmt, ap);
    va_end(ap);
    if (n < 0)
        diag->text[0] = '\0';
    size_t len = strlen(diag->text);
    for (size_t at = 0, step; at < len; at += step ? step : 1) {
        step = printable(diag->text + at, len - at);
        if (step == 0)
            diag->text[at] = '?';
    }
}
