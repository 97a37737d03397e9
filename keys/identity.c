/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The key file is text of three lines:
 *
 *     cimesh node key 1: keep this file secret
 *     sign = <43 characters: Ed25519 seed>
 *     curve = <43 characters: Curve25519 secret>
 *
 * Public keys follow from the secrets and are not in it, so they cannot
 * disagree. Secrets live in sodium_malloc memory: locked where the system
 * allows it, between guard pages, wiped when freed.
 */
#include "keys/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "keys/sign_private.h"

#define FILE_MAX   4096
#define FIRST_LINE "cimesh node key 1: keep this file secret\n"
#define SIGN_LINE  "sign = "
#define CURVE_LINE "curve = "
#define TEXT_LEN                                                               \
    (sizeof FIRST_LINE - 1 + sizeof SIGN_LINE - 1 + sizeof CURVE_LINE - 1 +    \
     2 * (CIM_KEY_TEXT_LEN + 1))

struct secrets {       /* in sodium_malloc memory, read-only once made */
    uint8_t seed[32];  /* Ed25519 seed, as in the file */
    uint8_t sign[64];  /* libsodium's expanded form: seed || public */
    uint8_t curve[32]; /* Curve25519 secret */
};

struct cim_identity {
    struct secrets *secrets; /* owned */
    struct cim_signkey signkey;
    struct cim_curvekey curvekey;
};

static enum cim_err
identity_new(struct cim_identity **out)
{
    struct cim_identity *id = calloc(1, sizeof *id);

    if (!id)
        return CIM_ENOMEM;
    id->secrets = sodium_malloc(sizeof *id->secrets);
    if (!id->secrets) {
        free(id);
        return CIM_ENOMEM;
    }
    *out = id;
    return CIM_OK;
}

/* Everything that follows from seed and curve secret. */
static void
identity_derive(struct cim_identity *id)
{
    crypto_sign_seed_keypair(id->signkey.b, id->secrets->sign,
                             id->secrets->seed);
    crypto_scalarmult_base(id->curvekey.b, id->secrets->curve);
    sodium_mprotect_readonly(id->secrets);
}

enum cim_err
cim_identity_from_seeds(const uint8_t sign[static 32],
                        const uint8_t curve[static 32],
                        struct cim_identity **out)
{
    struct cim_identity *id;
    enum cim_err err = identity_new(&id);

    if (err)
        return err;
    memcpy(id->secrets->seed, sign, sizeof id->secrets->seed);
    memcpy(id->secrets->curve, curve, sizeof id->secrets->curve);
    identity_derive(id);
    *out = id;
    return CIM_OK;
}

enum cim_err
cim_identity_make(struct cim_identity **out)
{
    struct cim_identity *id;
    enum cim_err err = identity_new(&id);

    if (err)
        return err;
    randombytes_buf(id->secrets->seed, sizeof id->secrets->seed);
    randombytes_buf(id->secrets->curve, sizeof id->secrets->curve);
    identity_derive(id);
    *out = id;
    return CIM_OK;
}

void
cim_identity_close(struct cim_identity **id)
{
    if (!*id)
        return;
    sodium_free((*id)->secrets);
    free(*id);
    *id = NULL;
}

struct cim_signkey
cim_identity_signkey(const struct cim_identity *id)
{
    return id->signkey;
}

struct cim_curvekey
cim_identity_curvekey(const struct cim_identity *id)
{
    return id->curvekey;
}

const uint8_t *
cim_identity_curve_secret(const struct cim_identity *id)
{
    return id->secrets->curve;
}

void
cim_identity_sign(const struct cim_identity *id, const char *context,
                  struct cim_bytes data, struct cim_signature *out)
{
    uint8_t text[SIGN_STRING_MAX];
    size_t len = sign_string(context, data, text);

    crypto_sign_detached(out->b, NULL, text, len, id->secrets->sign);
}

/* ---- file ----------------------------------------------------------------*/

static enum cim_err
system_error(const char *what, const char *path, struct cim_diag *diag)
{
    int code = errno;

    cim_diag_set(diag, "%s: %s: %s", path, what, strerror(code));
    switch (code) {
    case EEXIST:
        return CIM_EEXIST;
    case ENOENT:
        return CIM_ENOENT;
    case EACCES:
    case EPERM:
    case EROFS:
        return CIM_EPERM;
    default:
        return CIM_EIO;
    }
}

static void
add_line(char *text, size_t *at, const char *label, const uint8_t *secret)
{
    size_t n = strlen(label);

    memcpy(text + *at, label, n);
    cim_key_text(secret, text + *at + n);
    *at += n + CIM_KEY_TEXT_LEN;
    text[(*at)++] = '\n';
}

static bool
write_all(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, text, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        text += n;
        len -= (size_t)n;
    }
    return true;
}

/* The folder's entry has to be on disk too, or the file is not. */
static bool
sync_folder(const char *path)
{
    char *folder = strdup(path);
    bool done = false;

    if (!folder)
        return false;
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder] = '\0';
    int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(folder);
    if (fd >= 0) {
        done = fsync(fd) == 0;
        close(fd);
    }
    return done;
}

static enum cim_err
write_secret(const struct cim_identity *id, const char *path,
             struct cim_diag *diag)
{
    enum cim_err err = CIM_OK;
    size_t at = sizeof FIRST_LINE - 1;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        return system_error("cannot be made", path, diag);
    char *text = sodium_malloc(TEXT_LEN + 1);
    if (!text) {
        err = CIM_ENOMEM;
        goto out;
    }
    memcpy(text, FIRST_LINE, at);
    add_line(text, &at, SIGN_LINE, id->secrets->seed);
    add_line(text, &at, CURVE_LINE, id->secrets->curve);
    if (!write_all(fd, text, TEXT_LEN) || fsync(fd))
        err = system_error("cannot be written", path, diag);
out:
    sodium_free(text);
    if (close(fd) && err == CIM_OK)
        err = system_error("cannot be written", path, diag);
    if (err)
        unlink(path);
    return err;
}

enum cim_err
cim_identity_save(const struct cim_identity *id, const char *path,
                  struct cim_diag *diag)
{
    struct cim_buf name = {0};
    char tag[24];
    uint64_t random;

    randombytes_buf(&random, sizeof random);
    snprintf(tag, sizeof tag, ".%016" PRIx64, random);
    enum cim_err err = cim_buf_add_str(&name, path);
    if (!err)
        err = cim_buf_add(&name, tag, strlen(tag) + 1);
    if (err) {
        cim_buf_clear(&name);
        return err;
    }
    const char *temporary = (const char *)name.p;
    err = write_secret(id, temporary, diag);
    if (err == CIM_OK) {
        if (link(temporary, path))
            err = system_error("cannot be made", path, diag);
        unlink(temporary);
        if (err == CIM_OK && !sync_folder(path))
            err = system_error("its folder cannot be synced", path, diag);
    }
    cim_buf_clear(&name);
    return err;
}

/* One "label<43 characters>\n" off the front of text. */
static bool
take_line(struct cim_bytes *text, const char *label, uint8_t *secret)
{
    size_t n = strlen(label);
    bool fits = text->len > n + CIM_KEY_TEXT_LEN &&
                memcmp(text->p, label, n) == 0 &&
                text->p[n + CIM_KEY_TEXT_LEN] == '\n' &&
                cim_key_parse(cim_bytes_of(text->p + n, CIM_KEY_TEXT_LEN),
                              secret, NULL) == CIM_OK;

    if (fits)
        *text = cim_bytes_of(text->p + n + CIM_KEY_TEXT_LEN + 1,
                             text->len - n - CIM_KEY_TEXT_LEN - 1);
    return fits;
}

enum cim_err
cim_identity_parse(struct cim_bytes text, struct cim_identity **out,
                   struct cim_diag *diag)
{
    size_t first = sizeof FIRST_LINE - 1;
    struct cim_identity *id;
    enum cim_err err = identity_new(&id);

    if (err)
        return err;
    if (text.len < first || memcmp(text.p, FIRST_LINE, first) != 0) {
        cim_diag_set(diag, "line 1: is not that of a cimesh key file");
        err = CIM_EFORM;
        goto out;
    }
    text = cim_bytes_of(text.p + first, text.len - first);
    if (!take_line(&text, SIGN_LINE, id->secrets->seed) ||
        !take_line(&text, CURVE_LINE, id->secrets->curve) || text.len) {
        cim_diag_set(diag, "after line 1 there have to be just 'sign = KEY' "
                           "and 'curve = KEY', 43 characters each; restore "
                           "the file from a backup");
        err = CIM_EFORM;
        goto out;
    }
    identity_derive(id);
    *out = id;
    id = NULL;
out:
    cim_identity_close(&id);
    return err;
}

/* Is the open file one that may hold a secret? */
static enum cim_err
check_file(int fd, const char *path, struct cim_diag *diag)
{
    mode_t shared = 077;
    struct stat st;

    if (fstat(fd, &st))
        return system_error("cannot be looked at", path, diag);
    if (!S_ISREG(st.st_mode) || st.st_size > FILE_MAX) {
        cim_diag_set(diag,
                     "%s: is not a key file (a regular file of at most "
                     "%d bytes)",
                     path, FILE_MAX);
        return CIM_EFORM;
    }
    /* root may lend it to our group: so secrets reach services. */
    if (st.st_uid == 0 && geteuid() != 0)
        shared &= (mode_t)~S_IRGRP;
    if (st.st_mode & shared) {
        cim_diag_set(diag,
                     "%s: others may read or change this secret (mode "
                     "%04o); run: chmod 600 %s",
                     path, (unsigned)(st.st_mode & 07777), path);
        return CIM_EPERM;
    }
    if (st.st_uid != geteuid() && st.st_uid != 0) {
        cim_diag_set(diag, "%s: belongs to another user; run: chown %u %s",
                     path, (unsigned)geteuid(), path);
        return CIM_EPERM;
    }
    return CIM_OK;
}

static enum cim_err
read_secret(int fd, const char *path, struct cim_identity **out,
            struct cim_diag *diag)
{
    struct cim_diag why = {""};
    uint8_t *text = sodium_malloc(FILE_MAX);
    size_t len = 0;
    ssize_t n = 1;

    if (!text)
        return CIM_ENOMEM;
    while (n > 0 && len < FILE_MAX) {
        n = read(fd, text + len, FILE_MAX - len);
        if (n > 0)
            len += (size_t)n;
        else if (n < 0 && errno == EINTR)
            n = 1;
    }
    enum cim_err err =
        n < 0 ? system_error("cannot be read", path, diag)
              : cim_identity_parse(cim_bytes_of(text, len), out, &why);
    if (n >= 0 && err)
        cim_diag_set(diag, "%s: %s", path, why.text);
    sodium_free(text);
    return err;
}

enum cim_err
cim_identity_load(const char *path, struct cim_identity **out,
                  struct cim_diag *diag)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return system_error("cannot be read", path, diag);
    enum cim_err err = check_file(fd, path, diag);
    if (err == CIM_OK)
        err = read_secret(fd, path, out, diag);
    close(fd);
    return err;
}
