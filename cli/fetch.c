/* fetch.c - `tidings fetch`: one page as the crawler would fetch it, the answer and the verdict. */
#include "cli/command.h"

#include "base/mem.h"
#include "base/text.h"
#include "cli/address.h"
#include "cli/verdict.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct { enum fetch_header header; const char *name; } shown[] = {
    { HEADER_CONTENT_TYPE, "content-type" }, { HEADER_CONTENT_ENCODING, "content-encoding" }, { HEADER_CONTENT_LANGUAGE, "content-language" },
    { HEADER_ETAG, "etag" }, { HEADER_LAST_MODIFIED, "last-modified" }, { HEADER_CACHE_CONTROL, "cache-control" },
    { HEADER_LOCATION, "location" }, { HEADER_RETRY_AFTER, "retry-after" }, { HEADER_X_ROBOTS_TAG, "x-robots-tag" },
    { HEADER_TDM_RESERVATION, "tdm-reservation" },
};

static void say_line(const char *label, const char *text)
{
    struct buffer b;
    buffer_init(&b, 0);
    text_for_terminal(text, strlen(text), 1000, false, &b);
    printf("%-17s %s\n", label, buffer_str(&b));
    buffer_fini(&b);
}

static void say(const struct visited *v, const json_t *verdict)
{
    for (int i = 0; i < v->hop_count; i++)
        say_line("redirected from", v->hops[i]);
    if (v->url)
        say_line("url", v->url);
    if (v->rule)
        say_line(v->end == VISITED_DENIED ? "robots.txt denies" : "robots.txt allows", v->rule);
    if (v->status)
        printf("%-17s %d, %zu bytes as sent, first byte after %lld ms, all after %lld ms\n", "status", v->status, v->body.len,
               (long long)v->first_byte_ms, (long long)v->took_ms);
    for (size_t i = 0; i < COUNT(shown); i++)
        if (v->header[shown[i].header])
            say_line(shown[i].name, v->header[shown[i].header]);
    verdict_say("verdict           ", "                  ", verdict);
}

static void print_json(const struct visited *v, json_t *verdict)
{
    json_t *hops = json_array(), *headers = json_object();
    for (int i = 0; i < v->hop_count; i++)
        json_array_append_new(hops, json_string(v->hops[i]));
    for (size_t i = 0; i < COUNT(shown); i++)
        if (v->header[shown[i].header])
            json_object_set_new(headers, shown[i].name, json_string(v->header[shown[i].header]));
    json_t *o = json_pack("{ss* si sI sI sI ss* so so sO}", "url", v->url, "status", v->status, "bytes", (json_int_t)v->body.len, "first_byte_ms",
                          (json_int_t)v->first_byte_ms, "took_ms", (json_int_t)v->took_ms, "robots_rule", v->rule, "redirects", hops, "headers",
                          headers, "verdict", verdict);
    json_dumpf(o, stdout, JSON_COMPACT);
    printf("\n");
    json_decref(o);
}

static bool save(const struct visited *v, const char *path, struct error *err)
{
    FILE *f = fopen(path, "we");
    bool ok = f && fwrite(v->body.data ? v->body.data : "", 1, v->body.len, f) == v->body.len;
    int reason = errno;
    if (f && fclose(f) != 0)
        ok = false;
    return ok || error_set(err, ERROR_INVALID, "%s: %s", path, strerror(reason));
}

static int status_of(const struct visited *v, const json_t *verdict)
{
    if (!json_object_get(verdict, "problem"))
        return STATUS_OK;
    bool ours = v->error == FETCH_REFUSED || v->error == FETCH_INVALID; /* not the site's doing */
    bool unreachable = v->end == VISITED_LATE || (v->end == VISITED_NO_ROBOTS && !ours) ||
                       (v->end == VISITED_FAILED && !ours && v->error != FETCH_TOO_LARGE);
    return unreachable ? STATUS_UNREACHABLE : STATUS_NO;
}

static int fetch_one(struct invocation *inv, struct visitor *v, const char *url)
{
    struct visited a;
    struct error err;
    const char *path = option(inv, "save");
    visitor_get(v, url, VERDICT_ACCEPT, VERDICT_MAX_BYTES, &a);
    json_t *verdict = verdict_of(&a, inv->config->crawler.max_body_bytes);
    int status = status_of(&a, verdict);
    if (inv->json)
        print_json(&a, verdict);
    else
        say(&a, verdict);
    if (path && !save(&a, path, &err))
        status = command_fail(inv, &err);
    json_decref(verdict);
    visited_fini(&a);
    return status;
}

static int run(struct invocation *inv)
{
    struct error err;
    struct url u;
    if (inv->argc != 1)
        return command_usage(inv, "expected one URL");
    if (!address_typed(inv->argv[0], &u, &err))
        return command_say(inv, STATUS_USAGE, "%s", err.message);
    struct suffix_list *list = suffix_list_load(NULL, &err);
    struct visitor *v = list ? visitor_create(inv->config, list, 0, &err) : NULL;
    int status = v ? fetch_one(inv, v, u.fetch) : command_fail(inv, &err);
    url_fini(&u);
    visitor_destroy(v);
    suffix_list_destroy(list);
    return status;
}

const struct command fetch_command = {
    .name = "fetch", .summary = "fetch one page as the crawler would, and what comes of it", .usage = "URL",
    .description = "Keeps robots.txt, follows redirects, refuses private addresses as the crawler does, and shows what came: status, headers, "
                   "times, and what the extractor makes of the page (with --json the whole article). Needs no services and stores nothing. "
                   "Exit status 1: no page came; 3: the site cannot be reached.",
    .options = (const struct command_option[]){ { "save", 'o', "FILE", "write the body there as it was sent" }, { 0 } },
    .flags = COMMAND_CONFIG | COMMAND_JSON, .example = "tidings fetch https://www.example.com/news/1.html", .run = run };
