/* SPDX-License-Identifier: MPL-2.0 */
/*
 * replay - runs a fuzz target over a folder of inputs, without libFuzzer.
 *
 * So every build and every sanitizer sees what fuzzing once found. Usage:
 * NAME_fuzz FOLDER; each file is one input, and the empty input comes first.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define INPUT_MAX (4u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
replay_file(const char *folder, const char *name)
{
    char path[4096];
    int n = snprintf(path, sizeof(path), "%s/%s", folder, name);
    if (n < 0 || (size_t)n >= sizeof(path))
        return 1;
    FILE *f = fopen(path, "rb");
    if (!f) {
        perror(path);
        return 1;
    }
    uint8_t *data = malloc(INPUT_MAX);
    size_t len = data ? fread(data, 1, INPUT_MAX, f) : 0;
    fclose(f);
    /* A block of its exact size, so that reading past it is seen. */
    uint8_t *exact = data ? realloc(data, len ? len : 1) : NULL;
    if (!exact) {
        free(data);
        return 1;
    }
    (void)LLVMFuzzerTestOneInput(exact, len);
    free(exact);
    return 0;
}

int
main(int argc, char **argv)
{
    (void)LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    DIR *dir = argc > 1 ? opendir(argv[1]) : NULL;
    unsigned n = 1;
    int rc = 0;
    for (struct dirent *e; dir && (e = readdir(dir)) != NULL;) {
        if (e->d_name[0] == '.')
            continue;
        rc |= replay_file(argv[1], e->d_name);
        n++;
    }
    if (dir)
        closedir(dir);
    printf("%u inputs\n", n);
    return rc;
}
