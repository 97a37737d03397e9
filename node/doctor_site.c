/* SPDX-License-Identifier: MPL-2.0 */
/* The files of the site, without the node. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "node/doctor.h"
#include "node/endpoint.h"
#include "node/file.h"
#include "node/mem.h"
#include "node/notify.h"
#include "node/store_read.h"
#include "proto/topic.h"

#define ROOM_MIN (64u << 20) /* bytes: what the reserve wants, too */

static bool
read_settings(struct doctor *d)
{
    struct cim_diag diag = {{0}};
    enum cim_err err = settings_load(d->ctx->dir, &d->settings, &diag);
    struct doctor_fault fault = {CMD_CONFIG, "cimesh.zpl",
                                 "mend that line, then: cimesh reload"};

    if (err == CIM_ENOENT)
        fault.next = "cimesh init COMMUNITY/NODE --endpoint tcp://HOST:7570, "
                     "or name the site with --dir";
    else if (err == CIM_EPERM)
        fault = (struct doctor_fault){CMD_DENIED, "cimesh.zpl",
                                      "run this as the node's user"};
    if (err)
        doctor_fault(d, fault, "%s", diag.text);
    else
        doctor_fine(d, "cimesh.zpl", "%s, %zu follow%s, %zu hook%s",
                    d->settings->node, d->settings->n_follows,
                    d->settings->n_follows == 1 ? "" : "s",
                    d->settings->n_hooks, d->settings->n_hooks == 1 ? "" : "s");
    return !err;
}

static void
read_key(struct doctor *d)
{
    const char *path = d->settings->key_file;
    struct cim_diag diag = {{0}};
    enum cim_err err = cim_identity_load(path, &d->identity, &diag);
    char next[512];

    if (!err) {
        doctor_fine(d, "key file", "%s", path);
        return;
    }
    if (err == CIM_ENOENT && notify_credentials()) {
        doctor_fine(d, "key file", "is handed over by the service manager");
        return;
    }
    snprintf(next, sizeof next,
             err == CIM_ENOENT || err == CIM_EFORM
                 ? "restore %s from a backup; when there is none, make a new "
                   "site and give everybody its roster file"
                 : "chmod 600 %s, and chown it to the node's user",
             path);
    doctor_fault(
        d,
        (struct doctor_fault){err == CIM_EPERM ? CMD_DENIED : CMD_CONFIG,
                              "key file", next},
        "%s", diag.text);
}

/* ---- roster -------------------------------------------------------------*/

static void
read_roster(struct doctor *d)
{
    struct cim_diag diag = {{0}};
    enum cim_err err =
        roster_dir_load(d->settings->roster_dir, NULL, 0, &d->roster, &diag);
    size_t refused = 0;

    if (err) {
        doctor_fault(d,
                     (struct doctor_fault){CMD_CONFIG, "roster",
                                           "restore the folder; our own file "
                                           "has to be in it"},
                     "%s", diag.text);
        return;
    }
    for (size_t i = 0; i < d->roster.n_changes; i++) {
        const struct roster_change *c = &d->roster.changes[i];
        if (c->what != ROSTER_REFUSED)
            continue;
        refused++;
        doctor_fault(d,
                     (struct doctor_fault){
                         CMD_CONFIG, "roster",
                         "get the file from its community again: cimesh "
                         "roster add FILE"},
                     "%s", c->diag.text);
    }
    if (!refused)
        doctor_fine(d, "roster", "%zu communities", d->roster.roster->n);
}

static void
check_own_keys(struct doctor *d, const struct roster_node *own)
{
    struct cim_signkey sign;
    struct cim_curvekey curve;

    if (!d->identity)
        return;
    sign = cim_identity_signkey(d->identity);
    curve = cim_identity_curvekey(d->identity);
    if (memcmp(&sign, &own->sign, sizeof sign) == 0 &&
        memcmp(&curve, &own->curve, sizeof curve) == 0)
        doctor_fine(d, "own keys", "are those of our roster file");
    else
        doctor_fault(d,
                     (struct doctor_fault){
                         CMD_CONFIG, "own keys",
                         "restore the key file that belongs to it, or write "
                         "the keys of `cimesh key show` into our roster file, "
                         "raise its serial and give it to everybody"},
                     "key mismatch: %s has other keys for %s than %s",
                     d->settings->roster_dir, own->name, d->settings->key_file);
}

/* Is there somebody who would dial us from elsewhere? */
static bool
is_dialled_from_afar(const struct doctor *d)
{
    const struct roster *r = d->roster.roster;
    struct endpoint e;

    for (size_t i = 0; i < r->n; i++)
        for (size_t j = 0; j < r->communities[i]->n_nodes; j++) {
            const struct roster_node *n = &r->communities[i]->nodes[j];
            if (n->events[0] &&
                !endpoint_parse(n->events, ENDPOINT_DIAL, &e, NULL) &&
                !endpoint_is_loopback(&e))
                return true;
        }
    return false;
}

static void
check_address(struct doctor *d, const char *name, const char *told,
              const char *bound)
{
    struct endpoint dial, bind;
    struct doctor_fault fault = {
        CMD_CONFIG, "own address",
        "correct it in our roster file, raise its serial, cimesh reload, and "
        "give the file to everybody"};

    if (endpoint_parse(told, ENDPOINT_DIAL, &dial, NULL) ||
        endpoint_parse(bound, ENDPOINT_BIND, &bind, NULL))
        return;
    if (dial.port != bind.port)
        doctor_fault(d, fault,
                     "wrong address: others are told to dial %s for %s, this "
                     "node listens on %s; fine only behind a port forwarding",
                     told, name, bound);
    else if (endpoint_is_loopback(&dial) && is_dialled_from_afar(d))
        doctor_fault(d, fault,
                     "wrong address: others are told to dial %s for %s, which "
                     "is their own machine",
                     told, name);
    else
        doctor_fine(d, "own address", "%s: %s", name, told);
}

static void
check_own_entry(struct doctor *d)
{
    const struct settings *s = d->settings;
    const struct roster_node *own =
        roster_node(d->roster.roster, cim_bytes_str(s->node));

    if (!own) {
        doctor_fault(d,
                     (struct doctor_fault){
                         CMD_CONFIG, "own entry",
                         "restore the roster file of our own community, as "
                         "`cimesh init` made it"},
                     "%s does not name %s", s->roster_dir, s->node);
        return;
    }
    check_own_keys(d, own);
    if (own->events[0] && s->events[0]) {
        check_address(d, "events", own->events, s->events);
        check_address(d, "sync", own->sync, s->sync);
    } else if (own->events[0] && !s->events[0]) {
        doctor_fault(d,
                     (struct doctor_fault){
                         CMD_CONFIG, "own address",
                         "give `events` and `sync` under `node` in cimesh.zpl"},
                     "others are told to dial %s, but this node listens "
                     "nowhere",
                     own->events);
    }
}

/* ---- what is followed, what is started ----------------------------------*/

static void
check_prefix(struct doctor *d, const char *what, const struct cim_prefix *p)
{
    struct cim_bytes c = cim_community_of(cim_prefix_bytes(p));
    char shown[CIM_TOPIC_MAX + 2];

    if (!p->len || !memchr(p->text, '/', p->len) ||
        roster_find(d->roster.roster, c))
        return;
    cim_prefix_show(p, shown);
    doctor_fault(d,
                 (struct doctor_fault){CMD_CONFIG, what,
                                       "cimesh roster add FILE of that "
                                       "community, or take the topic out"},
                 "topic %s: there is no community %.*s in the roster", shown,
                 (int)c.len, (const char *)c.p);
}

static void
check_follows(struct doctor *d)
{
    const struct settings *s = d->settings;

    for (size_t i = 0; i < s->n_follows; i++)
        for (size_t j = 0; j < s->follows[i].n; j++)
            check_prefix(d, "follow", &s->follows[i].prefixes[j]);
    if (!s->n_follows && d->roster.roster->n > 1)
        doctor_fault(d,
                     (struct doctor_fault){CMD_CONFIG, "follow",
                                           "cimesh follow COMMUNITY/"},
                     "other communities are in the roster, and nothing of "
                     "theirs is followed");
}

static void
check_hooks(struct doctor *d)
{
    const struct settings *s = d->settings;
    char what[CIM_NAME_MAX + 8];

    for (size_t i = 0; i < s->n_hooks; i++) {
        const struct settings_hook *h = &s->hooks[i];

        snprintf(what, sizeof what, "hook %s", h->name);
        check_prefix(d, what, &h->prefix);
        if (h->argv[0] && access(h->argv[0], X_OK) != 0)
            doctor_fault(d,
                         (struct doctor_fault){
                             CMD_CONFIG, what,
                             errno == ENOENT
                                 ? "correct `exec` in cimesh.zpl, or put the "
                                   "program there; then: cimesh reload"
                                 : "chmod +x it, for the node's user"},
                         "%s: %s", h->argv[0], strerror(errno));
        else
            doctor_fine(d, what, "%s", h->exec);
    }
}

/* ---- the disk -----------------------------------------------------------*/

static void
check_database(struct doctor *d)
{
    struct store_reader *reader = NULL;
    struct cim_diag diag = {{0}};
    enum cim_err err =
        store_reader_open(d->settings->data_file, &reader, &diag);

    store_reader_close(&reader);
    if (err == CIM_ENOENT)
        doctor_fine(d, "database", "is made when the node first starts");
    else if (err)
        doctor_fault(d,
                     (struct doctor_fault){
                         err == CIM_EVERSION ? CMD_CONFIG : CMD_STORAGE,
                         "database",
                         err == CIM_EVERSION
                             ? "run the cimesh that made it, or start the node"
                             : "look at the disk; cimesh fsck, or restore a "
                               "backup"},
                     "%s", diag.text);
    else
        doctor_fine(d, "database", "%s", d->settings->data_file);
}

static void
check_disk(struct doctor *d)
{
    char *folder = xstrdup(d->settings->data_file),
         *slash = strrchr(folder, '/');
    struct statvfs fs;
    uint64_t room;

    if (slash)
        *slash = '\0';
    if (access(folder, W_OK | X_OK) != 0) {
        doctor_fault(d,
                     (struct doctor_fault){
                         errno == EROFS ? CMD_STORAGE : CMD_DENIED, "disk",
                         errno == ENOENT
                             ? "make the folder, for the node's user"
                             : "run this as the node's user, or chown the "
                               "folder to it"},
                     "%s: %s", folder, strerror(errno));
    } else if (statvfs(folder, &fs) == 0) {
        room = (uint64_t)fs.f_bavail * fs.f_frsize;
        if (room < ROOM_MIN)
            doctor_fault(d,
                         (struct doctor_fault){
                             CMD_STORAGE, "disk",
                             "make room there, or keep less: `keep-size` "
                             "under `store` in cimesh.zpl"},
                         "disk full: %" PRIu64 " MiB left at %s", room >> 20,
                         folder);
        else
            doctor_fine(d, "disk", "%" PRIu64 " MiB left at %s", room >> 20,
                        folder);
    }
    free(folder);
}

void
doctor_site(struct doctor *d)
{
    if (!read_settings(d))
        return;
    read_key(d);
    read_roster(d);
    if (d->roster.roster) {
        check_own_entry(d);
        check_follows(d);
    }
    check_hooks(d);
    check_disk(d);
    check_database(d);
}
