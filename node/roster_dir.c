/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The folder against what was accepted before. Holders go first: a community
 * that was accepted keeps its keys, and whoever claims one of them is the
 * newcomer, whatever the files are called.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/file.h"
#include "node/mem.h"
#include "node/roster_file.h"

#define SUFFIX ".zpl"

/* One community that has a file, an accepted version, or both. */
struct seat {
    char name[CIM_NAME_MAX + 1];
    char *path; /* owned; NULL: no file */
    const struct roster_accepted *accepted;
};

struct dir {
    const char *path;
    struct seat *seats; /* files by name, then what was only accepted */
    size_t n, cap;
    struct roster_load *out;
    size_t cap_changes;
};

static struct roster_change *
add_change(struct dir *d, const struct seat *seat, int what)
{
    struct roster_load *out = d->out;
    struct roster_change *change;

    xgrow(&out->changes, &d->cap_changes, out->n_changes, sizeof *out->changes);
    change = &out->changes[out->n_changes++];
    memset(change, 0, sizeof *change);
    snprintf(change->name, sizeof change->name, "%s", seat->name);
    change->what = (__typeof__(change->what))what;
    return change;
}

/* ---- what there is ------------------------------------------------------ */

static int
by_name(const void *a, const void *b)
{
    return strcmp(((const struct seat *)a)->name,
                  ((const struct seat *)b)->name);
}

static void
add_seat(struct dir *d, const char *name, int len, char *path)
{
    struct seat *seat;

    xgrow(&d->seats, &d->cap, d->n, sizeof *d->seats);
    seat = &d->seats[d->n++];
    memset(seat, 0, sizeof *seat);
    /* Too long a name is cut so that it is no community's. */
    snprintf(seat->name, sizeof seat->name, "%.*s%s",
             len > CIM_NAME_MAX ? CIM_NAME_MAX - 1 : len, name,
             len > CIM_NAME_MAX ? "~" : "");
    seat->path = path;
}

static enum cim_err
list(struct dir *d, struct cim_diag *diag)
{
    DIR *folder = opendir(d->path);
    const struct dirent *entry;
    enum cim_err err = CIM_OK;
    size_t len;

    if (!folder)
        return file_error(d->path, errno, diag);
    while ((errno = 0, entry = readdir(folder))) {
        len = strlen(entry->d_name);
        /* A hidden file is somebody's half-written one. */
        if (entry->d_name[0] == '.' || len <= strlen(SUFFIX) ||
            strcmp(entry->d_name + len - strlen(SUFFIX), SUFFIX) != 0)
            continue;
        add_seat(d, entry->d_name, (int)(len - strlen(SUFFIX)),
                 file_join(d->path, entry->d_name));
    }
    if (errno != 0)
        err = file_error(d->path, errno, diag);
    closedir(folder);
    if (d->n)
        qsort(d->seats, d->n, sizeof *d->seats, by_name);
    return err;
}

static void
seat_accepted(struct dir *d, const struct roster_accepted *accepted, size_t n)
{
    size_t files = d->n, i;

    for (size_t a = 0; a < n; a++) {
        for (i = 0; i < files; i++)
            if (strcmp(d->seats[i].name, accepted[a].name) == 0)
                break;
        if (i == files)
            add_seat(d, accepted[a].name, (int)strlen(accepted[a].name), NULL);
        d->seats[i == files ? d->n - 1 : i].accepted = &accepted[a];
    }
}

/* ---- what holds --------------------------------------------------------- */

/* Accepted versions whose files are still there come into force first. */
static void
put_accepted(struct dir *d)
{
    struct roster_community *c;
    struct seat *seat;
    struct cim_diag why;

    for (size_t i = 0; i < d->n; i++) {
        seat = &d->seats[i];
        if (!seat->accepted)
            continue;
        if (!seat->path) {
            add_change(d, seat, ROSTER_REMOVED);
            continue;
        }
        if (roster_file_parse(cim_buf_bytes(&seat->accepted->bytes),
                              "the accepted version", &c, &why))
            seat->accepted = NULL; /* as if it had never been */
        else
            roster_put(d->out->roster, &c);
    }
}

static enum cim_err
load_seat(const struct seat *seat, struct roster_community **out,
          struct cim_buf *bytes, struct cim_diag *diag)
{
    struct cim_diag why;
    enum cim_err err = roster_file_load(seat->path, out, bytes, &why);

    if (err) {
        *diag = why;
        return err;
    }
    if (strcmp((*out)->name, seat->name) == 0)
        return CIM_OK;
    cim_diag_set(diag, "%s: holds the community '%s'; name the file %s%s",
                 seat->path, (*out)->name, (*out)->name, SUFFIX);
    return CIM_EFORM;
}

static enum cim_err
fits(const struct dir *d, const struct seat *seat,
     const struct roster_community *fresh, struct cim_diag *diag)
{
    struct cim_diag why;
    enum cim_err err;

    err = roster_file_fits(
        d->out->roster, roster_find(d->out->roster, cim_bytes_str(seat->name)),
        fresh, &why);
    if (err)
        cim_diag_set(diag, "%s: %s", seat->path, why.text);
    return err;
}

static void
take_seat(struct dir *d, const struct seat *seat)
{
    struct cim_diag why = {{0}};
    struct roster_community *fresh = NULL;
    struct roster_change *change;
    struct cim_buf bytes = {0};

    if (load_seat(seat, &fresh, &bytes, &why) || fits(d, seat, fresh, &why)) {
        add_change(d, seat, ROSTER_REFUSED)->diag = why;
    } else if (!seat->accepted ||
               !cim_bytes_eq(cim_buf_bytes(&seat->accepted->bytes),
                             cim_buf_bytes(&bytes))) {
        change =
            add_change(d, seat, seat->accepted ? ROSTER_CHANGED : ROSTER_ADDED);
        change->serial = fresh->serial;
        change->bytes = bytes;
        bytes = (struct cim_buf){0};
        roster_put(d->out->roster, &fresh);
    }
    if (fresh)
        roster_community_destroy(&fresh);
    cim_buf_clear(&bytes);
}

enum cim_err
roster_dir_load(const char *dir, const struct roster_accepted *accepted,
                size_t n, struct roster_load *out, struct cim_diag *diag)
{
    struct dir d = {.path = dir, .out = out};
    enum cim_err err;

    memset(out, 0, sizeof *out);
    if (!(err = list(&d, diag))) {
        out->roster = roster_new();
        seat_accepted(&d, accepted, n);
        put_accepted(&d);
        for (size_t i = 0; i < d.n; i++)
            if (d.seats[i].path && d.seats[i].accepted)
                take_seat(&d, &d.seats[i]);
        for (size_t i = 0; i < d.n; i++)
            if (d.seats[i].path && !d.seats[i].accepted)
                take_seat(&d, &d.seats[i]);
    }
    for (size_t i = 0; i < d.n; i++)
        free(d.seats[i].path);
    free(d.seats);
    return err;
}

void
roster_load_clear(struct roster_load *load)
{
    for (size_t i = 0; i < load->n_changes; i++)
        cim_buf_clear(&load->changes[i].bytes);
    free(load->changes);
    if (load->roster)
        roster_destroy(&load->roster);
    memset(load, 0, sizeof *load);
}
