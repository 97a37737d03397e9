/* SPDX-License-Identifier: MPL-2.0 */
/*
 * rig_journal FILE [FAIL-PERCENT [SLEEP-MS]] - a hook that tells what it was
 * run for.
 *
 * Appends "ATTEMPT COMMUNITY:ID" to FILE with one write and one fsync, then
 * sleeps, then exits: 0, or 1 for FAIL-PERCENT of the first attempts (the
 * same events each time: the id decides). A line is there before the node can
 * know that the hook ran, so what the node counts as done is in the journal.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static unsigned
sum_of(const char *text)
{
    unsigned sum = 5381;

    for (; *text; text++)
        sum = sum * 33 + (unsigned char)*text;
    return sum;
}

static int
note(const char *path, const char *line, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    if (fd < 0 || write(fd, line, len) != (ssize_t)len || fsync(fd) < 0) {
        perror(path);
        return -1;
    }
    return close(fd);
}

static void
drain(void)
{
    char bytes[4096];

    while (read(STDIN_FILENO, bytes, sizeof bytes) > 0)
        continue;
}

int
main(int argc, char **argv)
{
    const char *event = getenv("CIMESH_EVENT");
    const char *attempt = getenv("CIMESH_ATTEMPT");
    char line[256];

    if (argc < 2 || event == NULL || attempt == NULL) {
        fprintf(stderr, "rig_journal FILE [FAIL-PERCENT [SLEEP-MS]], "
                        "run as a hook\n");
        return 64;
    }
    drain();
    int len = snprintf(line, sizeof line, "%s %s\n", attempt, event);
    if (len < 0 || (size_t)len >= sizeof line ||
        note(argv[1], line, (size_t)len) < 0)
        return 74;
    if (argc > 3) {
        long ms = atol(argv[3]);
        nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
    }
    unsigned percent = argc > 2 ? (unsigned)atoi(argv[2]) : 0;
    return strcmp(attempt, "1") == 0 && sum_of(event) % 100 < percent;
}
