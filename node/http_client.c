/* SPDX-License-Identifier: MPL-2.0 */
#include "node/http_client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "node/clock.h"
#include "node/mem.h"
#include "node/settings.h"

#define REPLY_MAX  (64 * 1024 * 1024) /* bytes of one reply */
#define CONNECT_MS 5000L
#define CALL_MS    90000L /* the node gives up after 60 s itself */
#define LOAD_MAX   64

struct http_client {
    CURL *easy;
    char *dir, *socket; /* owned */
    char community[CIM_NAME_MAX + 1];
};

enum cim_err
http_client_open(const char *dir, struct http_client **out,
                 struct cim_diag *diag)
{
    struct settings *settings = NULL;
    struct http_client *client;
    const char *api = getenv("CIMESH_API");
    enum cim_err err = settings_load(dir, &settings, diag);

    if (err != CIM_OK && (err != CIM_ENOENT || !api || !*api))
        return err;
    client = xcalloc(1, sizeof *client);
    client->dir = xstrdup(dir);
    client->socket = xstrdup(settings ? settings->api_socket : api);
    if (settings)
        memcpy(client->community, settings->community,
               sizeof client->community);
    settings_destroy(&settings);
    if (curl_global_init(CURL_GLOBAL_NOTHING) != CURLE_OK ||
        (client->easy = curl_easy_init()) == NULL)
        mem_fail();
    *out = client;
    return CIM_OK;
}

void
http_client_close(struct http_client **client)
{
    if (*client == NULL)
        return;
    curl_easy_cleanup((*client)->easy);
    curl_global_cleanup();
    free((*client)->dir);
    free((*client)->socket);
    free(*client);
    *client = NULL;
}

const char *
http_client_community(const struct http_client *client)
{
    return client->community;
}

void
http_reply_clear(struct http_reply *reply)
{
    cim_buf_clear(&reply->body);
    *reply = (struct http_reply){0};
}

static enum cim_err
failed(const struct http_client *client, CURL *easy, CURLcode code,
       struct cim_diag *diag)
{
    long number = 0;

    curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &number);
    if (code == CURLE_COULDNT_CONNECT &&
        (number == EACCES || number == EPERM)) {
        cim_diag_set(diag,
                     "%s: not allowed; whoever may open this socket may use "
                     "the node: join its group",
                     client->socket);
        return CIM_EPERM;
    }
    if (code == CURLE_COULDNT_CONNECT) {
        cim_diag_set(diag,
                     "no node answers at %s; start it with 'cimesh --dir %s "
                     "node'",
                     client->socket, client->dir);
        return CIM_ENOENT;
    }
    if (code == CURLE_GOT_NOTHING || code == CURLE_RECV_ERROR ||
        code == CURLE_SEND_ERROR || code == CURLE_PARTIAL_FILE) {
        cim_diag_set(diag, "the node at %s stopped answering", client->socket);
        return CIM_ENOENT;
    }
    if (code == CURLE_OUT_OF_MEMORY)
        mem_fail();
    cim_diag_set(diag, "%s: %s", client->socket, curl_easy_strerror(code));
    return CIM_EIO;
}

/* ---- one request */

static size_t
take_body(char *p, size_t size, size_t n, void *ctx)
{
    struct http_reply *reply = ctx;

    return cim_buf_add(&reply->body, p, size * n) == CIM_OK ? size * n : 0;
}

/* The value of this header, cut at cap; false when it is another. */
static bool
header(const char *line, size_t len, const char *name, char *out, size_t cap)
{
    size_t skip = strlen(name);

    if (len <= skip || strncasecmp(line, name, skip) != 0)
        return false;
    while (skip < len && line[skip] == ' ')
        skip++;
    while (len > skip && (line[len - 1] == '\r' || line[len - 1] == '\n'))
        len--;
    snprintf(out, cap, "%.*s", (int)(len - skip), line + skip);
    return true;
}

static size_t
take_header(char *p, size_t size, size_t n, void *ctx)
{
    struct http_reply *reply = ctx;
    char more[4], refused[24];

    header(p, size * n, "Cimesh-From:", reply->from, sizeof reply->from);
    if (header(p, size * n, "Cimesh-Kept:", more, sizeof more))
        reply->kept = true;
    header(p, size * n, "Cimesh-Next:", reply->next, sizeof reply->next);
    if (header(p, size * n, "Cimesh-More:", more, sizeof more))
        reply->more = true;
    if (header(p, size * n, "Cimesh-Refused:", refused, sizeof refused))
        reply->refused = (size_t)strtoul(refused, NULL, 10);
    return size * n;
}

static void
add_header(struct curl_slist **list, const char *name, const char *value)
{
    char line[128];

    snprintf(line, sizeof line, "%s:%s%s", name, *value ? " " : "", value);
    struct curl_slist *grown = curl_slist_append(*list, line);
    if (grown == NULL)
        mem_fail();
    *list = grown;
}

static void
set_common(const struct http_client *client, CURL *easy, const char *path)
{
    char *url = xasprintf("http://cimesh%s", path);

    curl_easy_reset(easy);
    curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, client->socket);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    free(url);
}

static void
set_post(CURL *easy, struct cim_bytes body)
{
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
                     body.len > 0 ? (const char *)body.p : "");
}

static void
note_reply(CURL *easy, struct http_reply *out)
{
    const char *type = NULL;

    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &out->status);
    curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type);
    snprintf(out->type, sizeof out->type, "%s", type != NULL ? type : "");
}

enum cim_err
http_client_call(struct http_client *client, const char *path, const char *type,
                 struct cim_bytes body, const char *accept,
                 struct http_reply *out, struct cim_diag *diag)
{
    struct curl_slist *headers = NULL;
    CURL *easy = client->easy;

    *out = (struct http_reply){.body.max = REPLY_MAX};
    set_common(client, easy, path);
    add_header(&headers, "Accept", accept != NULL ? accept : "*/*");
    if (type != NULL) {
        add_header(&headers, "Content-Type", type);
        add_header(&headers, "Expect", "");
        set_post(easy, body);
    }
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, CALL_MS);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, out);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, out);
    CURLcode code = curl_easy_perform(easy);
    note_reply(easy, out);
    curl_slist_free_all(headers);
    if (code == CURLE_OK)
        return CIM_OK;
    http_reply_clear(out);
    return failed(client, easy, code, diag);
}

/* ---- streams */

struct streaming {
    const struct http_stream_ask *ask;
    CURL *easy;
    struct cim_buf rest; /* of a line that is not whole */
    struct http_reply *refused;
    bool ended; /* line said so */
};

static void
give_line(struct streaming *s, const char *text, size_t len)
{
    if (len > 0 && !s->ended)
        s->ended = !s->ask->line(s->ask->ctx, text, len);
}

static size_t
take_lines(char *p, size_t size, size_t n, void *ctx)
{
    struct streaming *s = ctx;
    size_t len = size * n, left = len;
    const char *end;
    long status = 0;

    curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200)
        return take_body(p, size, n, s->refused);
    while (!s->ended && (end = memchr(p, '\n', left)) != NULL) {
        size_t part = (size_t)(end - p);
        if (s->rest.len > 0) {
            cim_buf_add(&s->rest, p, part);
            give_line(s, (const char *)s->rest.p, s->rest.len);
            cim_buf_reset(&s->rest);
        } else {
            give_line(s, p, part);
        }
        p += part + 1;
        left -= part + 1;
    }
    if (cim_buf_add(&s->rest, p, left) != CIM_OK)
        return 0;
    return s->ended ? 0 : len;
}

/* A pipe or socket whose other end is gone. */
static bool
is_closed(int fd)
{
    struct pollfd p = {.fd = fd};

    return fd >= 0 && poll(&p, 1, 0) > 0 && (p.revents & POLLERR) != 0;
}

/* Runs until it ends; *code is libcurl's word when it ended by itself. */
static enum http_end
run_stream(CURLM *multi, const struct streaming *s, CURLcode *code)
{
    const struct http_stream_ask *ask = s->ask;
    int64_t until_us = clock_mono_us() + ask->wait_ms * 1000;
    struct curl_waitfd watch = {.fd = ask->watch_fd};
    int running = 1, left;

    for (;;) {
        if (curl_multi_perform(multi, &running) != CURLM_OK)
            mem_fail();
        if (running == 0)
            break;
        int64_t wait_us = until_us - clock_mono_us();
        if (ask->wait_ms > 0 && wait_us <= 0)
            return HTTP_END_TIME;
        if (is_closed(ask->watch_fd))
            return HTTP_END_WATCH;
        if (ask->wait_ms == 0 || wait_us > 3600000000)
            wait_us = 3600000000;
        curl_multi_poll(multi, &watch, watch.fd >= 0,
                        (int)((wait_us + 999) / 1000), NULL);
    }
    const CURLMsg *message = curl_multi_info_read(multi, &left);
    *code = message != NULL ? message->data.result : CURLE_GOT_NOTHING;
    return s->ended ? HTTP_END_LINE : HTTP_END_NODE;
}

enum cim_err
http_client_stream(struct http_client *client,
                   const struct http_stream_ask *ask, enum http_end *end,
                   struct http_reply *refused, struct cim_diag *diag)
{
    struct streaming s = {.ask = ask, .easy = client->easy, .refused = refused};
    CURLM *multi = curl_multi_init();
    CURLcode code = CURLE_OK;
    enum cim_err err = CIM_OK;

    if (multi == NULL)
        mem_fail();
    *refused = (struct http_reply){.body.max = REPLY_MAX};
    s.rest.max = REPLY_MAX;
    set_common(client, client->easy, ask->path);
    curl_easy_setopt(client->easy, CURLOPT_WRITEFUNCTION, take_lines);
    curl_easy_setopt(client->easy, CURLOPT_WRITEDATA, &s);
    curl_multi_add_handle(multi, client->easy);
    *end = run_stream(multi, &s, &code);
    note_reply(client->easy, refused);
    if (*end == HTTP_END_NODE && refused->status != 0 && refused->status != 200)
        *end = HTTP_END_REFUSED;
    else if (*end == HTTP_END_NODE && refused->status == 0)
        err = failed(client, client->easy, code, diag);
    curl_multi_remove_handle(multi, client->easy);
    curl_multi_cleanup(multi);
    cim_buf_clear(&s.rest);
    return err;
}

/* ---- load */

struct loader {
    CURL *easy;
    struct cim_bytes body;
    int64_t sent_us;
    struct http_reply reply;
    struct cim_diag error;
};

static bool
load_next(CURLM *multi, const struct http_load *load, struct loader *l)
{
    if (!load->next(load->ctx, &l->body))
        return false;
    set_post(l->easy, l->body);
    cim_buf_reset(&l->reply.body);
    l->sent_us = clock_mono_us();
    return curl_multi_add_handle(multi, l->easy) == CURLM_OK;
}

static CURLcode
load_done(CURLM *multi, const struct http_load *load, struct loader *all)
{
    CURLcode first = CURLE_OK;
    const CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
        CURLcode code = message->data.result;
        struct loader *l = all;
        while (l->easy != message->easy_handle)
            l++;
        note_reply(l->easy, &l->reply);
        curl_multi_remove_handle(multi, l->easy);
        if (code != CURLE_OK && first == CURLE_OK)
            first = code;
        load->done(load->ctx, l->body, code == CURLE_OK ? l->reply.status : 0,
                   clock_mono_us() - l->sent_us);
        if (code == CURLE_OK)
            load_next(multi, load, l);
    }
    return first;
}

static void
load_open(const struct http_client *client, const struct http_load *load,
          struct curl_slist *headers, struct loader *l)
{
    l->easy = curl_easy_init();
    if (l->easy == NULL)
        mem_fail();
    l->reply.body.max = REPLY_MAX;
    set_common(client, l->easy, load->path);
    curl_easy_setopt(l->easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(l->easy, CURLOPT_TIMEOUT_MS, CALL_MS);
    curl_easy_setopt(l->easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(l->easy, CURLOPT_WRITEDATA, &l->reply);
}

enum cim_err
http_client_load(struct http_client *client, const struct http_load *load,
                 struct cim_diag *diag)
{
    struct loader all[LOAD_MAX] = {0};
    unsigned n = load->n < LOAD_MAX ? load->n : LOAD_MAX;
    struct curl_slist *headers = NULL;
    CURLM *multi = curl_multi_init();
    CURLcode code = CURLE_OK;
    enum cim_err err = CIM_OK;
    int running = 0;

    if (multi == NULL)
        mem_fail();
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)n);
    add_header(&headers, "Content-Type", load->type);
    add_header(&headers, "Expect", "");
    for (unsigned i = 0; i < n; i++) {
        load_open(client, load, headers, &all[i]);
        load_next(multi, load, &all[i]);
    }
    do {
        curl_multi_perform(multi, &running);
        code = load_done(multi, load, all);
        if (code != CURLE_OK)
            break;
        curl_multi_perform(multi, &running);
        if (running > 0)
            curl_multi_poll(multi, NULL, 0, 1000, NULL);
    } while (running > 0);
    if (code != CURLE_OK)
        err = failed(client, all[0].easy, code, diag);
    for (unsigned i = 0; i < n; i++) {
        curl_multi_remove_handle(multi, all[i].easy);
        curl_easy_cleanup(all[i].easy);
        http_reply_clear(&all[i].reply);
    }
    curl_multi_cleanup(multi);
    curl_slist_free_all(headers);
    return err;
}
