/* SPDX-License-Identifier: MPL-2.0 */
/* cmd_key - the public half of this node's keys. */
#include <stdio.h>
#include <string.h>

#include "keys/identity.h"
#include "node/cmd.h"
#include "node/settings.h"

const char cmd_key_help[] =
    "Examples:\n"
    "    cimesh key show\n"
    "    cimesh key show --json\n"
    "\n"
    "Prints this node's public keys as they stand in its roster file, and\n"
    "the fingerprint of the signing key, to compare over another channel.\n"
    "The secrets stay in the key file and are never printed.\n"
    "\n"
    "Exit codes: 0; 77 the key file may not be read; 78 no site, or no key.\n";

static void
print(const char *node, const struct cim_identity *id, bool json)
{
    struct cim_signkey sign = cim_identity_signkey(id);
    struct cim_curvekey curve = cim_identity_curvekey(id);
    char s[CIM_KEY_TEXT_LEN + 1], c[CIM_KEY_TEXT_LEN + 1];
    char fingerprint[CIM_FINGERPRINT_LEN + 1];

    cim_key_text(sign.b, s);
    cim_key_text(curve.b, c);
    cim_fingerprint(&sign, fingerprint);
    printf(json ? "{\"node\": \"%s\", \"sign\": \"%s\", \"curve\": \"%s\", "
                  "\"fingerprint\": \"%s\"}\n"
                : "node         %s\nsign         %s\ncurve        %s\n"
                  "fingerprint  %s\n",
           node, s, c, fingerprint);
}

int
cmd_key(const struct cmd_context *ctx, int argc, char **argv)
{
    static const struct cmd_option none[] = {{0}};
    static const char *const verbs[] = {"show", NULL};
    struct settings *settings;
    struct cim_identity *id = NULL;
    struct cim_diag diag = {{0}};
    enum cim_err err;
    int code = cmd_options("key", &argc, argv, none);

    if (code)
        return code;
    if (argc > 1 && strcmp(argv[1], "show") != 0)
        return cmd_unknown("key", "verb of key", argv[1], verbs);
    if (argc != 2)
        return cmd_usage("key", "say: cimesh key show");
    if ((code = cmd_site(ctx, "key", &settings)))
        return code;
    err = cim_identity_load(settings->key_file, &id, &diag);
    if (err)
        code = cmd_fail(err == CIM_EPERM ? CMD_DENIED : CMD_CONFIG, "key", "%s",
                        diag.text);
    else
        print(settings->node, id, ctx->json);
    cim_identity_close(&id);
    settings_destroy(&settings);
    return code;
}
