/* SPDX-License-Identifier: MPL-2.0 */
#include "tests/ledger/feed_judge.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/store_help.h"

struct settings *
feed_rules(size_t lines)
{
    struct cim_buf text = {0};
    struct settings *settings;
    struct cim_diag diag = {""};
    char *line = NULL;
    size_t cap = 0;

    while (lines-- > 0 && getline(&line, &cap, stdin) > 0)
        cim_buf_add_str(&text, line);
    if (settings_parse(cim_buf_bytes(&text), "rules", "/", &settings, &diag))
        fail_msg("%s", diag.text);
    free(line);
    cim_buf_clear(&text);
    return settings;
}

static void
print_due(const struct promote_judgement *j)
{
    struct cim_buf text = {0};

    switch (j->due) {
    case PROMOTE_DUE:
        assert_int_equal(cim_json_write(cim_buf_bytes(&j->draft.bytes), NULL,
                                        CIM_FORM_JSON, &text),
                         CIM_OK);
        printf("%s", cim_buf_cstr(&text));
        break;
    case PROMOTE_DUE_NOT:
        printf("null");
        break;
    case PROMOTE_DUE_LATER:
        printf("\"later\"");
        break;
    default:
        printf("\"never\"");
        break;
    }
    cim_buf_clear(&text);
}

static void
print_rule(const struct promote_case *c)
{
    struct promote_judgement j;

    assert_int_equal(promote_judge(c, &j), CIM_OK);
    printf("\"%s\":[\"%s\",\"%s\",", c->rule->name,
           promote_outcome_text(j.verdict.outcome),
           promote_outcome_text(j.last.outcome));
    print_due(&j);
    printf("]");
    promote_judgement_clear(&j);
}

void
feed_judge(struct store_reader *reader, const struct settings *settings,
           const struct ledger_subject *subject)
{
    const char *separator = "";

    printf("{");
    for (size_t i = 0; i < settings->n_rules; i++) {
        const struct promote_case c = {.reader = reader,
                                       .community = settings->community,
                                       .rule = &settings->rules[i],
                                       .subject = subject};
        if (!rule_concerns(c.rule, subject))
            continue;
        printf("%s", separator);
        separator = ",";
        print_rule(&c);
    }
    printf("}");
}
