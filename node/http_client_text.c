/* SPDX-License-Identifier: MPL-2.0 */
/* What the node refuses, as an exit code and a sentence; and addresses. */
#include <stdio.h>
#include <string.h>

#include "node/cmd.h"
#include "node/http_client.h"
#include "node/http_form.h"

int
http_client_problem(const struct http_reply *reply, struct cim_diag *diag)
{
    static const struct {
        const char *label;
        enum cmd_exit code;
    } labels[] = {{"parameter", CMD_USAGE},
                  {"configuration", CMD_CONFIG},
                  {"roster", CMD_DENIED},
                  {"late", CMD_AGAIN}};
    struct http_problem_text problem;

    http_form_problem(cim_buf_bytes(&reply->body), &problem);
    if (problem.detail.text[0] == '\0')
        cim_diag_set(diag, "the node answered with status %ld", reply->status);
    else if (problem.hint.text[0] != '\0')
        cim_diag_set(diag, "%s; %s", problem.detail.text, problem.hint.text);
    else
        *diag = problem.detail;
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
        if (strcmp(problem.label, labels[i].label) == 0)
            return (int)labels[i].code;
    switch (reply->status) {
    case 400:
    case 409:
    case 413:
    case 422:
        return CMD_DATA;
    case 404:
        return CMD_NOTFOUND;
    case 503:
    case 507:
        return CMD_AGAIN;
    case 500:
        return CMD_STORAGE;
    default:
        return CMD_BUG;
    }
}

size_t
http_client_index(const struct http_reply *reply)
{
    struct http_problem_text problem;

    http_form_problem(cim_buf_bytes(&reply->body), &problem);
    return problem.index;
}

void
http_client_escape(struct cim_buf *out, struct cim_bytes text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "abcdefghijklmnopqrstuvwxyz0123456789-._~/:";
    char hex[4];

    for (size_t i = 0; i < text.len; i++) {
        if (text.p[i] != '\0' && strchr(plain, text.p[i]) != NULL) {
            cim_buf_add_u8(out, text.p[i]);
            continue;
        }
        snprintf(hex, sizeof hex, "%%%02X", text.p[i]);
        cim_buf_add_str(out, hex);
    }
}
