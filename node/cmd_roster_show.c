/* SPDX-License-Identifier: MPL-2.0 */
/* Communities and their differences as text, and as JSON. */
#include <inttypes.h>
#include <string.h>

#include "node/cmd_roster.h"

/* ---- text --------------------------------------------------------------- */

static void
print_node(const struct roster_node *node, FILE *out)
{
    char fingerprint[CIM_FINGERPRINT_LEN + 1];

    cim_fingerprint(&node->sign, fingerprint);
    fprintf(out, "    %s\n        fingerprint  %s\n", node->name, fingerprint);
    if (node->events[0])
        fprintf(out, "        events       %s\n        sync         %s\n",
                node->events, node->sync);
    else
        fprintf(out, "        a follower: nobody can dial it\n");
    if (node->n_retired)
        fprintf(out, "        retired keys: %u\n", node->n_retired);
    if (node->has_sign_next) {
        cim_fingerprint(&node->sign_next, fingerprint);
        fprintf(out, "        next         %s\n", fingerprint);
    }
}

void
cmd_roster_print(const struct roster_community *c, FILE *out)
{
    fprintf(out, "%s, serial %" PRIu64 "%s%s\n", c->name, c->serial,
            c->contact[0] ? ", " : "", c->contact);
    for (size_t i = 0; i < c->n_nodes; i++)
        print_node(&c->nodes[i], out);
}

static const struct roster_node *
find(const struct roster_community *c, const char *name)
{
    for (size_t i = 0; c && i < c->n_nodes; i++)
        if (strcmp(c->nodes[i].name, name) == 0)
            return &c->nodes[i];
    return NULL;
}

static void
diff_text(const char *node, const char *what, const char *held,
          const char *fresh, FILE *out)
{
    if (strcmp(held, fresh) != 0)
        fprintf(out, "~ %s: %s: %s, now %s\n", node, what,
                held[0] ? held : "none", fresh[0] ? fresh : "none");
}

static void
diff_node(const struct roster_node *held, const struct roster_node *fresh,
          FILE *out)
{
    char was[CIM_FINGERPRINT_LEN + 1], is[CIM_FINGERPRINT_LEN + 1];

    diff_text(fresh->name, "events", held->events, fresh->events, out);
    diff_text(fresh->name, "sync", held->sync, fresh->sync, out);
    cim_fingerprint(&held->sign, was);
    cim_fingerprint(&fresh->sign, is);
    diff_text(fresh->name, "sign key", was, is, out);
    if (memcmp(held->curve.b, fresh->curve.b, CIM_KEY_LEN) != 0)
        fprintf(out, "~ %s: curve key changed\n", fresh->name);
    if (held->has_sign_next != fresh->has_sign_next ||
        held->has_curve_next != fresh->has_curve_next ||
        memcmp(held->sign_next.b, fresh->sign_next.b, CIM_KEY_LEN) != 0 ||
        memcmp(held->curve_next.b, fresh->curve_next.b, CIM_KEY_LEN) != 0)
        fprintf(out, "~ %s: announced keys changed\n", fresh->name);
    if (held->n_retired != fresh->n_retired ||
        memcmp(held->retired, fresh->retired, sizeof held->retired) != 0)
        fprintf(out, "~ %s: retired keys: %u, now %u\n", fresh->name,
                held->n_retired, fresh->n_retired);
}

bool
cmd_roster_print_diff(const struct roster_community *held,
                      const struct roster_community *fresh, FILE *out)
{
    char fingerprint[CIM_FINGERPRINT_LEN + 1];
    const struct roster_node *node;

    if (held && roster_file_same(held, fresh))
        return false;
    if (held)
        fprintf(out, "~ %s: serial %" PRIu64 ", now %" PRIu64 "\n", fresh->name,
                held->serial, fresh->serial);
    else
        fprintf(out, "+ %s: serial %" PRIu64 "\n", fresh->name, fresh->serial);
    if (held)
        diff_text(fresh->name, "contact", held->contact, fresh->contact, out);
    for (size_t i = 0; i < fresh->n_nodes; i++) {
        node = &fresh->nodes[i];
        cim_fingerprint(&node->sign, fingerprint);
        if (find(held, node->name))
            diff_node(find(held, node->name), node, out);
        else
            fprintf(out, "+ %s  %s\n", node->name, fingerprint);
    }
    for (size_t i = 0; held && i < held->n_nodes; i++)
        if (!find(fresh, held->nodes[i].name))
            fprintf(out, "- %s\n", held->nodes[i].name);
    return true;
}

/* ---- JSON --------------------------------------------------------------- */

/* Text of a file has no control characters; quotes and backslashes it may. */
static void
json_text(const char *name, const char *text)
{
    printf("\"%s\": \"", name);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            putchar('\\');
        putchar(*text);
    }
    putchar('"');
}

static void
json_node(const struct roster_node *node)
{
    char text[CIM_KEY_TEXT_LEN + 1], fingerprint[CIM_FINGERPRINT_LEN + 1];

    printf("{");
    json_text("name", node->name);
    if (node->events[0]) {
        printf(", ");
        json_text("events", node->events);
        printf(", ");
        json_text("sync", node->sync);
    }
    cim_key_text(node->sign.b, text);
    printf(", \"sign\": \"%s\"", text);
    cim_key_text(node->curve.b, text);
    cim_fingerprint(&node->sign, fingerprint);
    printf(", \"curve\": \"%s\", \"fingerprint\": \"%s\", \"retired\": %u}",
           text, fingerprint, node->n_retired);
}

static void
json_community(const struct roster_community *c)
{
    printf("{");
    json_text("name", c->name);
    printf(", \"serial\": %" PRIu64 ", ", c->serial);
    json_text("contact", c->contact);
    printf(", \"nodes\": [");
    for (size_t i = 0; i < c->n_nodes; i++) {
        printf("%s", i ? ", " : "");
        json_node(&c->nodes[i]);
    }
    printf("]}");
}

static void
json_roster(const struct roster *roster, const char *only)
{
    const char *comma = "";

    printf("[");
    for (size_t i = 0; i < roster->n; i++) {
        if (only && strcmp(roster->communities[i]->name, only) != 0)
            continue;
        printf("%s", comma);
        json_community(roster->communities[i]);
        comma = ", ";
    }
    printf("]\n");
}

/* ---- show --------------------------------------------------------------- */

static int
show(const struct cmd_context *ctx, const struct roster *roster,
     const char *only)
{
    if (only && !roster_find(roster, cim_bytes_str(only)))
        return cmd_fail(CMD_NOTFOUND, "roster",
                        "%s is not in the roster; with its file: cimesh "
                        "roster add FILE",
                        only);
    if (ctx->json) {
        json_roster(roster, only);
        return 0;
    }
    for (size_t i = 0; i < roster->n; i++)
        if (!only || strcmp(roster->communities[i]->name, only) == 0)
            cmd_roster_print(roster->communities[i], stdout);
    return 0;
}

int
cmd_roster_show(const struct cmd_context *ctx, int argc, char **argv)
{
    struct cmd_site site = {0};
    int code;

    if (argc > 2)
        return cmd_usage("roster", "show takes one COMMUNITY at most");
    code = cmd_site_open(ctx, "roster", &site);
    if (!code)
        code = show(ctx, site.load.roster, argv[1]);
    cmd_site_clear(&site);
    return code;
}
