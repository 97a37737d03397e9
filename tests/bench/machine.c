/* SPDX-License-Identifier: MPL-2.0 */
/*
 * machine - what this machine can do: the rates that bound every other figure.
 *
 * Prints "name value unit" lines: fdatasync calls a second on a file in the
 * folder given, Ed25519 signatures and verifications a second on one core,
 * BLAKE2b leaf hashes of 300 bytes a second. Each runs for half a second.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "keys/hash.h"
#include "keys/identity.h"

#define RUN_S 0.5

struct work {
    struct cim_identity *id;
    struct cim_signkey key;
    struct cim_signature sig;
    uint8_t header[160], event[300];
    int fd;
};

static double
now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
one_sync(struct work *w)
{
    if (pwrite(w->fd, w->event, sizeof w->event, 0) < 0 || fdatasync(w->fd))
        perror("fdatasync");
}

static void
one_sign(struct work *w)
{
    w->header[0]++;
    cim_identity_sign(w->id, CIM_CONTEXT_BATCH,
                      cim_bytes_of(w->header, sizeof w->header), &w->sig);
}

static void
one_verify(struct work *w)
{
    if (cim_verify(&w->key, CIM_CONTEXT_BATCH,
                   cim_bytes_of(w->header, sizeof w->header), &w->sig))
        fputs("verify failed\n", stderr);
}

static void
one_leaf(struct work *w)
{
    struct cim_hash hash =
        cim_hash_leaf(cim_bytes_of(w->event, sizeof w->event));

    memcpy(w->event, hash.b, sizeof hash.b);
}

static void
measure(struct work *w, const char *name, void (*one)(struct work *w))
{
    double start = now_s(), end = start;
    unsigned long n = 0;

    while (end - start < RUN_S) {
        for (int i = 0; i < 8; i++)
            one(w);
        n += 8;
        end = now_s();
    }
    printf("%-24s %10.0f /s\n", name, (double)n / (end - start));
}

int
main(int argc, char **argv)
{
    struct work w = {.fd = -1};
    char path[4096];

    snprintf(path, sizeof path, "%s/bench-machine.tmp",
             argc > 1 ? argv[1] : ".");
    w.fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (w.fd < 0 || cim_sodium_start() || cim_identity_make(&w.id)) {
        perror(path);
        return 1;
    }
    w.key = cim_identity_signkey(w.id);
    measure(&w, "fdatasync", one_sync);
    measure(&w, "ed25519 sign", one_sign);
    measure(&w, "ed25519 verify", one_verify);
    measure(&w, "leaf hash, 300 bytes", one_leaf);
    cim_identity_close(&w.id);
    close(w.fd);
    unlink(path);
    return 0;
}
