/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The reserve: room that is kept for a full disk.
 *
 * On a disk that is truly full not even a DELETE goes through, so retention
 * could not make room, a hook's end could not be noted, and a node might not
 * start. A file beside the database holds some blocks for that moment:
 *
 *   held  --no room-->  given up: low  --room again-->  held
 *
 * While low, jobs are still committed; who submits them stops taking events.
 * Free pages inside the database count as room: what retention freed is
 * written again before the file grows.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "node/clock.h"
#include "node/mem.h"
#include "node/store_private.h"

#define SMALLEST 64 /* of a small disk: down to this part of what is wanted */
#define MARGIN   8  /* room beside it, when made again: this part of it */
#define AGAIN_MS 10000 /* between tries when idle */
#define MARK_MAX 31    /* bytes of a file that says what was given up */

/* ---- the file -----------------------------------------------------------*/

/* What a reserve that was given up leaves behind: how large it was. So a node
 * that starts again knows that it is low. */
static void
give_up(const char *path, uint64_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);

    if (fd < 0)
        return;
    /* Some file systems give blocks back only once that is on the disk. */
    if (ftruncate(fd, 0) == 0)
        (void)!fsync(fd);
    dprintf(fd, "%" PRIu64 "\n", size);
    close(fd);
}

enum found { FOUND_NONE, FOUND_HELD, FOUND_GIVEN_UP };

/* Held: its blocks are there, a file with holes reserves nothing. */
static enum found
look(const char *path, uint64_t *size)
{
    char text[MARK_MAX + 1] = "";
    struct stat st = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool file = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);

    if (file && st.st_size <= MARK_MAX &&
        read(fd, text, MARK_MAX) == (ssize_t)st.st_size)
        *size = strtoull(text, NULL, 10);
    else
        *size = (uint64_t)st.st_size;
    if (fd >= 0)
        close(fd);
    if (!file || !*size)
        return FOUND_NONE;
    if (st.st_size <= MARK_MAX)
        return FOUND_GIVEN_UP;
    return (uint64_t)st.st_blocks * 512 >= *size ? FOUND_HELD : FOUND_NONE;
}

/* 0, or an errno. */
static int
allocate(const struct store_room *room, uint64_t size)
{
    int fd = open(room->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    int code = fd < 0 ? errno : posix_fallocate(fd, 0, (off_t)size);

    if (fd >= 0)
        close(fd);
    if (code && room->low && room->size)
        give_up(room->path, room->size);
    else if (code)
        unlink(room->path);
    return code;
}

/* ---- room ---------------------------------------------------------------*/

uint64_t
store_room_free(const struct store *store)
{
    struct statvfs fs;

    if (statvfs(store->path, &fs) != 0)
        return 0;
    return (uint64_t)fs.f_bavail * fs.f_frsize;
}

static uint64_t
pragma(struct store *store, const char *sql)
{
    sqlite3_stmt *st = NULL;
    uint64_t value = 0;

    if (sqlite3_prepare_v2(store->db.h, sql, -1, &st, NULL) == SQLITE_OK &&
        sqlite3_step(st) == SQLITE_ROW)
        value = sql_get_u64(st, 0);
    sqlite3_finalize(st);
    return value;
}

static uint64_t
free_in_database(struct store *store)
{
    return pragma(store, "PRAGMA freelist_count") *
           pragma(store, "PRAGMA page_size");
}

/*
 * The largest that fits: as much again stays free, so that it does not itself
 * fill the disk. One given up comes back at its size as soon as a part of it
 * is free besides.
 */
static void
make(struct store *store)
{
    struct store_room *room = &store->room;
    uint64_t least = room->size ? room->size : room->want / SMALLEST;
    uint64_t there = store_room_free(store);
    int code = ENOSPC;

    for (uint64_t size = room->want; size && size >= least && code == ENOSPC;
         size /= 2) {
        uint64_t beside = size == room->size ? size / MARGIN : size;
        if (there < size + beside)
            continue;
        code = allocate(room, size);
        if (code == EDQUOT)
            code = ENOSPC;
        if (code == 0)
            room->size = size;
    }
    room->held = code == 0;
    /* Where files cannot be reserved at all, none is. */
    room->low = code == ENOSPC;
    room->next_ms = clock_mono_ms() + AGAIN_MS;
}

void
store_room_regain(struct store *store)
{
    struct store_room *room = &store->room;

    if (!room->low)
        return;
    /* Events are taken again only when what the WAL holds has its place: it
     * must not grow to where the main file cannot. */
    if (!store_shrink(store))
        return;
    make(store);
    if (!room->low || !room->size)
        return;
    uint64_t margin = room->size / MARGIN;
    room->low =
        free_in_database(store) < room->size || store_room_free(store) < margin;
}

bool
store_room_release(struct store *store)
{
    struct store_room *room = &store->room;

    if (!room->held)
        return false;
    give_up(room->path, room->size);
    room->held = false;
    room->low = true;
    return true;
}

void
store_room_tidy(struct store *store)
{
    struct store_room *room = &store->room;

    if (!room->path || room->held || clock_mono_ms() < room->next_ms)
        return;
    if (room->low)
        store_room_regain(store);
    else
        make(store);
}

/* ---- life ---------------------------------------------------------------*/

void
store_reserve(struct store *store, uint64_t bytes)
{
    struct store_room *room = &store->room;
    uint64_t size = 0;

    if (!store->path)
        return; /* in memory */
    store_room_clear(store);
    room->path = xasprintf("%s.reserve", store->path);
    room->want = bytes;
    enum found found = look(room->path, &size);
    if (!bytes) {
        unlink(room->path);
        store_room_clear(store);
        return;
    }
    room->low = found == FOUND_GIVEN_UP;
    /* Smaller, where the disk was; of another size, the setting changed. */
    room->held =
        found == FOUND_HELD && size <= bytes && size >= bytes / SMALLEST;
    if (found == FOUND_HELD && !room->held)
        unlink(room->path);
    if (room->held || room->low)
        room->size = size < bytes ? size : bytes;
}

void
store_room_clear(struct store *store)
{
    free(store->room.path);
    store->room = (struct store_room){0};
}

bool
store_room_drop(const char *path)
{
    char *name = xasprintf("%s.reserve", path);
    uint64_t size = 0;
    bool there = look(name, &size) == FOUND_HELD;

    if (there)
        give_up(name, size);
    free(name);
    return there;
}
