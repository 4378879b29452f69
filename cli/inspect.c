/* inspect.c - `tidings inspect`: what the crawler would read in a given robots.txt, feed, sitemap or address. One at a time
 * for people; --batch is one request a line in, one JSON object a line out, by the contract in docs/manual.md. */
#include "cli/inspect.h"

#include "base/buffer.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/command.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES (1024 * 1024)
#define DEFAULT_AGENT "tidings"

enum subject { ROBOTS, FEED, SITEMAP, FRONT, URL };

static const char *const subjects[] = { "robots", "feed", "sitemap", "front", "url" };

/* --- --batch --- */

static json_t *robots_request(const char *line, size_t len, struct error *err)
{
    json_error_t error;
    json_t *request = json_loadb(line, len, 0, &error), *result = NULL;
    const char *file = json_string_value(json_object_get(request, "file"));
    const char *agent = json_string_value(json_object_get(request, "agent"));
    const char *url = json_string_value(json_object_get(request, "url"));
    if (!request)
        error_set(err, ERROR_INVALID, "not JSON: %s", error.text);
    else if (!file || !url)
        error_set(err, ERROR_INVALID, "expected {\"file\": PATH, \"agent\": TOKEN, \"url\": URL}");
    else
        result = inspect_robots(file, agent ? agent : DEFAULT_AGENT, url, err);
    json_decref(request);
    return result;
}

/* line is cut at its tab. */
static json_t *answer(enum subject subject, const struct suffix_list *list, char *line, size_t len, struct error *err)
{
    char *tab = subject == ROBOTS ? NULL : memchr(line, '\t', len);
    const char *base = tab ? tab + 1 : NULL;
    size_t first = tab ? (size_t)(tab - line) : len;
    if (tab)
        *tab = '\0';
    switch (subject) {
    case ROBOTS: return robots_request(line, len, err);
    case FEED: return inspect_feed(line, base, err);
    case SITEMAP: return inspect_sitemap(line, base, err);
    case FRONT: return inspect_front(line, base, err);
    case URL: return inspect_url(list, line, first, base, err);
    }
    return NULL;
}

static void print_json(json_t *result, const struct error *err)
{
    if (!result) {
        json_t *text = json_string(err->message);
        char *message = text ? json_dumps(text, JSON_ENCODE_ANY) : NULL;
        printf("{\"error\": %s}\n", message ? message : "\"not readable\"");
        free(message);
        json_decref(text);
        return;
    }
    json_dumpf(result, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(result);
}

static int batch(enum subject subject, const struct suffix_list *list)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t n;
    while ((n = getline(&line, &capacity, stdin)) >= 0) {
        struct error err = { 0 };
        while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
            line[--n] = '\0';
        json_t *result = NULL;
        if (n > LINE_MAX_BYTES)
            error_set(&err, ERROR_LIMIT, "a request longer than %d bytes", LINE_MAX_BYTES);
        else
            result = answer(subject, list, line, (size_t)n, &err);
        print_json(result, &err);
        if (!command_flush())
            break;
    }
    free(line);
    return STATUS_OK;
}

/* --- for people --- */

static void say(const char *label, const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    struct buffer text;
    buffer_init(&text, 0);
    if (json_is_string(value))
        text_for_terminal(json_string_value(value), json_string_length(value), 4096, false, &text);
    else if (json_is_integer(value))
        buffer_printf(&text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value))
        buffer_printf(&text, "%g", json_real_value(value));
    if (text.len)
        printf("%s%s\n", label, text.data);
    buffer_fini(&text);
}

static void say_list(const char *label, const json_t *list)
{
    const json_t *value;
    size_t i;
    json_array_foreach(list, i, value) {
        json_t *one = json_pack("{s:O}", "v", value);
        say(label, one, "v");
        json_decref(one);
    }
}

static void say_feed(const json_t *o)
{
    const json_t *items = json_object_get(o, "items"), *item;
    size_t i;
    say("kind:      ", o, "kind");
    say("title:     ", o, "title");
    printf("items:     %zu\n", json_array_size(items));
    json_array_foreach(items, i, item) {
        printf("\n");
        say("  url:       ", item, "url");
        say("  title:     ", item, "title");
        say("  published: ", item, "published_at");
        say("  modified:  ", item, "modified_at");
        say_list("  author:    ", json_object_get(item, "authors"));
        say("  language:  ", item, "language");
        say("  id:        ", item, "id");
        say("  summary:   ", item, "summary");
    }
    say_list("warning:   ", json_object_get(o, "warnings"));
}

static void say_front(const json_t *o)
{
    const json_t *links = json_object_get(o, "links"), *link;
    size_t i;
    say("title:     ", o, "title");
    printf("links:     %zu\n", json_array_size(links));
    json_array_foreach(links, i, link) {
        printf("\n");
        say("  url:     ", link, "url");
        say("  text:    ", link, "text");
        say(json_is_true(json_object_get(link, "taken")) ? "  taken:   " : "  left:    ", link, "why");
        say("  shape:   ", link, "shape");
    }
    say_list("warning:   ", json_object_get(o, "warnings"));
}

static bool takes_a_link(const json_t *o)
{
    const json_t *links = json_object_get(o, "links"), *link;
    size_t i;
    json_array_foreach(links, i, link)
        if (json_is_true(json_object_get(link, "taken")))
            return true;
    return false;
}

static void say_robots(const json_t *o)
{
    printf("allowed:     %s\n", json_is_true(json_object_get(o, "allowed")) ? "yes" : "no");
    say("rule:        ", o, "rule");
    say("line:        ", o, "line");
    say("crawl delay: ", o, "crawl_delay_s");
    say_list("sitemap:     ", json_object_get(o, "sitemaps"));
}

static void say_url(const json_t *o)
{
    say("fetch:  ", o, "fetch");
    say("key:    ", o, "key");
    say("id:     ", o, "id");
    say("domain: ", o, "domain");
}

/* The answer "no" (a page that may not be fetched, a file that is no feed) is an exit status, too. */
static bool is_yes(enum subject subject, const json_t *o)
{
    const char *kind = json_string_value(json_object_get(o, "kind"));
    if (subject == ROBOTS)
        return json_is_true(json_object_get(o, "allowed"));
    if (subject == FRONT)
        return takes_a_link(o);
    return subject == URL || (kind && strcmp(kind, "unknown") != 0);
}

static int inspect_one(const struct invocation *inv, enum subject subject, const struct suffix_list *list, const char *what)
{
    struct error err = { 0 };
    const char *base = option(inv, "base"), *agent = option(inv, "agent"), *url = option(inv, "url");
    json_t *o = subject == ROBOTS  ? inspect_robots(what, agent ? agent : DEFAULT_AGENT, url ? url : "/", &err)
                : subject == FEED    ? inspect_feed(what, base, &err)
                : subject == SITEMAP ? inspect_sitemap(what, base, &err)
                : subject == FRONT   ? inspect_front(what, base, &err)
                                     : inspect_url(list, what, strlen(what), base, &err);
    if (!o)
        return command_say(inv, STATUS_NO, "%s", err.message);
    int status = is_yes(subject, o) ? STATUS_OK : STATUS_NO;
    if (inv->json)
        print_json(json_incref(o), NULL);
    else if (subject == URL)
        say_url(o);
    else if (subject == ROBOTS)
        say_robots(o);
    else if (subject == FRONT)
        say_front(o);
    else
        say_feed(o);
    json_decref(o);
    return status;
}

/* --- the command --- */

static bool find_subject(const char *word, enum subject *out)
{
    for (size_t i = 0; word && i < COUNT(subjects); i++)
        if (strcmp(word, subjects[i]) == 0) {
            *out = (enum subject)i;
            return true;
        }
    return false;
}

static int each(const struct invocation *inv, enum subject subject, const struct suffix_list *list)
{
    int status = STATUS_OK;
    if (inv->argc < 2)
        return command_usage(inv, "name a %s to inspect, or give --batch and requests on standard input",
                             subject == URL ? "URL" : "file");
    for (int i = 1; i < inv->argc; i++) {
        if (inv->argc > 2 && !inv->json)
            printf("%s%s\n", i > 1 ? "\n" : "", inv->argv[i]);
        int one = inspect_one(inv, subject, list, inv->argv[i]);
        if (one != STATUS_OK)
            status = one;
    }
    return status;
}

static int run(struct invocation *inv)
{
    enum subject subject;
    struct error err;
    struct suffix_list *list = NULL;
    if (!find_subject(inv->argc ? inv->argv[0] : NULL, &subject))
        return command_usage(inv, "what to inspect: robots, feed, sitemap, front or url");
    if (subject == URL && !(list = suffix_list_load(NULL, &err)))
        return command_fail(inv, &err);
    int status = option(inv, "batch") ? batch(subject, list) : each(inv, subject, list);
    suffix_list_destroy(list);
    return status;
}

const struct command inspect_command = {
    .name = "inspect",
    .summary = "show what the crawler reads in a file or an address",
    .usage = "robots FILE… [--agent TOKEN] [--url URL]\nfeed FILE… [--base URL]\nsitemap FILE… [--base URL]\nfront FILE… --base URL\nurl URL… [--base URL]\n"
             "robots|feed|sitemap|front|url --batch",
    .description = "Reads with the crawler's own code and fetches nothing. Compressed files are told by their first bytes.\n"
                   "--batch reads one request a line and prints one JSON object a line, in the same order: robots takes\n"
                   "{\"file\", \"agent\", \"url\"}, feed, sitemap and front take PATH<TAB>BASE_URL, url takes URL or URL<TAB>BASE. What cannot be\n"
                   "answered gives {\"error\"}. The exit status is 1 when robots.txt forbids the URL, when a file is no feed, when\n"
                   "nothing on a page looks like an article and when something cannot be read; with --batch it is 0.",
    .options = (const struct command_option[]){
        { "batch", 'b', NULL, "requests on standard input, JSON lines on standard output" },
        { "base", 0, "URL", "the address it came from, against which relative ones are read" },
        { "agent", 0, "TOKEN", "robots: our product token (default tidings)" },
        { "url", 0, "URL", "robots: the address asked for (default /)" },
        { 0 } },
    .flags = COMMAND_JSON,
    .example = "tidings inspect url 'HTTP://Example.com/a?utm_source=x'\ntidings inspect feed feed.xml --base https://example.com/feed.xml",
    .run = run,
};
