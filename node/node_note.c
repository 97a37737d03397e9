/* SPDX-License-Identifier: MPL-2.0 */
/* What the mesh has to say, as log lines: a code, a level, key=value. */
#include <inttypes.h>
#include <string.h>

#include "node/journal.h"
#include "node/node_private.h"

static const struct {
    const char *code;
    enum journal_level level;
    bool folded; /* a peer can make many of them */
} kinds[] = {
    [MESH_PEER_UP] = {"PEER-UP", LOG_LEVEL_INFO, false},
    [MESH_PEER_DOWN] = {"PEER-DOWN", LOG_LEVEL_WARN, false},
    [MESH_REFUSED] = {"PEER-REFUSED", LOG_LEVEL_WARN, true},
    [MESH_UNKNOWN_KEY] = {"LOG-WAITS-FOR-KEY", LOG_LEVEL_WARN, true},
    [MESH_GAP] = {"LOG-GAP", LOG_LEVEL_WARN, true},
    [MESH_GAP_CLOSED] = {"LOG-GAP-CLOSED", LOG_LEVEL_INFO, true},
    [MESH_EQUIVOCATION] = {"LOG-EQUIVOCATION", LOG_LEVEL_WARN, true},
    [MESH_TWO_WRITERS] = {"LOG-TWO-WRITERS", LOG_LEVEL_WARN, true},
    [MESH_STOPPED] = {"PUBLISH-STOPPED", LOG_LEVEL_WARN, false},
    [MESH_RECOVERED] = {"LOG-RECOVERED", LOG_LEVEL_INFO, true},
    [MESH_STORAGE] = {"STORAGE", LOG_LEVEL_WARN, false},
};

static void
put(char *line, size_t cap, const char *key, const char *value)
{
    size_t at = strlen(line);
    const char *quote = value && strchr(value, ' ') ? "\"" : "";

    if (value && *value)
        snprintf(line + at, cap - at, "%s=%s%s%s ", key, quote, value, quote);
}

static void
put_n(char *line, size_t cap, const char *key, uint64_t n)
{
    size_t at = strlen(line);

    if (n)
        snprintf(line + at, cap - at, "%s=%" PRIu64 " ", key, n);
}

void
node_note(void *ctx, const struct mesh_note *note)
{
    char line[700] = "", key[256];
    const char *code = kinds[note->kind].code;
    size_t cap = sizeof line;

    (void)ctx;
    put(line, cap, "peer", note->peer);
    put(line, cap, "node", note->node);
    put_n(line, cap, "epoch", note->epoch);
    put_n(line, cap, "seq", note->seq);
    put_n(line, cap, "n", note->n);
    if (note->reason)
        put(line, cap, "reason", cim_err_label(note->reason));
    put(line, cap, "text", note->text);
    if (*line)
        line[strlen(line) - 1] = 0;
    if (kinds[note->kind].folded) {
        snprintf(key, sizeof key, "%s %s %s", note->peer ? note->peer : "",
                 note->node ? note->node : "", cim_err_label(note->reason));
        log_folded(kinds[note->kind].level, code, key, "%s", line);
    } else if (kinds[note->kind].level == LOG_LEVEL_INFO) {
        log_info(code, "%s", line);
    } else {
        log_warn(code, "%s", line);
    }
}
