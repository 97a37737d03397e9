/* SPDX-License-Identifier: MPL-2.0 */
#include "keys/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

/* A cut may leave a started character behind: drop its bytes. */
static void
end_on_character(char *text, size_t len)
{
    size_t at = len;

    while (at > 0 && ((unsigned char)text[at - 1] & 0xc0) == 0x80)
        at--;
    if (at > 0 && ((unsigned char)text[at - 1] & 0xc0) == 0xc0)
        text[at - 1] = '\0';
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
    if (n >= (int)sizeof diag->text)
        end_on_character(diag->text, sizeof diag->text - 1);
    for (char *c = diag->text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
}
