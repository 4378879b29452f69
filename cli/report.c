/* report.c - see report.h.
 *
 *   stream:articles ──XREAD──> article:<id> ──> standard output, flushed ──> position stored
 *
 * A kill between the last two says at most one batch again; nothing is left out. An article that is gone by now (expired,
 * removed) is passed over, and so is a first revision that the pipeline said again under a newer version after a kill. */
#include "cli/report.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/text.h"
#include "crawler/sources.h"
#include "crawler/trouble.h"
#include "pipeline/keys.h"
#include "pipeline/ledger.h"
#include "pipeline/pending.h"
#include "pipeline/redis.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BATCH 100
#define BLOCK_MS 100
#define TITLES_MAX 50
#define REFRESH_MS 500
#define IDLE_MS 200
#define SETTLED 3            /* so many looks in a row must find nothing to do */
#define QUIET_MS 15000       /* without an article a pipe's reader is told when the next poll is */

struct title {
    char *source, *title;
    int64_t at_ms;
};

struct report {
    struct report_options options;
    pthread_t thread;
    bool started;
    atomic_bool finish, ended;
    atomic_llong written;
    pthread_mutex_t lock; /* notice */
    char notice[400];

    /* the thread's own */
    redisContext *redis;
    char position[32];
    int64_t since_ms;            /* Redis's clock at the start */
    struct buffer out;
    struct title titles[TITLES_MAX]; /* newest first */
    size_t title_count;
    int64_t refresh_at_ms, sources_at_ms, idle_at_ms, quiet_at_ms;
    int settled;
    bool gone, told_idle, told_quiet;
    struct view_source *sources; /* owned; source_count of them */
    size_t source_count;
    json_t *rows;                /* what sources' texts are borrowed from */
};

static redisReply *ask(struct report *r, const char *format, ...)
{
    va_list args;
    if (!r->redis)
        return NULL;
    va_start(args, format);
    redisReply *reply = redisvCommand(r->redis, format, args);
    va_end(args);
    if (reply)
        return reply;
    redisFree(r->redis); /* connected anew on the next turn */
    r->redis = NULL;
    return NULL;
}

static int64_t redis_now_ms(struct report *r)
{
    redisReply *reply = ask(r, "TIME");
    int64_t ms = clock_unix_ms();
    if (reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == 2)
        ms = atoll(reply->element[0]->str) * 1000 + atoll(reply->element[1]->str) / 1000;
    freeReplyObject(reply);
    return ms;
}

static bool connect_redis(struct report *r, struct error *err)
{
    if (!r->redis)
        r->redis = redis_open(r->options.config->redis.frontier, r->options.config->redis.frontier_password, err);
    return r->redis != NULL;
}

static bool load_position(struct report *r, struct error *err)
{
    redisReply *reply = ask(r, "GET %s", key_printed(r->options.config->prefix).s);
    if (!reply || reply->type == REDIS_REPLY_ERROR) {
        error_set(err, ERROR_TRANSIENT, "Redis at %s: %s: is it still running?", r->options.config->redis.frontier, reply ? reply->str : "no answer");
        freeReplyObject(reply);
        return false;
    }
    snprintf(r->position, sizeof(r->position), "%s", reply->type == REDIS_REPLY_STRING ? reply->str : "0-0");
    freeReplyObject(reply);
    r->since_ms = redis_now_ms(r);
    return true;
}

static void store_position(struct report *r)
{
    freeReplyObject(ask(r, "SET %s %s", key_printed(r->options.config->prefix).s, r->position));
}

/* --- writing --- */

static void tell_gone(struct report *r, const char *why)
{
    if (!r->gone)
        r->options.on_gone(r->options.arg, why);
    r->gone = true;
}

/* All of out to standard output. */
static bool write_out(struct report *r)
{
    for (size_t at = 0; at < r->out.len && !r->gone;) {
        ssize_t n = write(r->options.fd, r->out.data + at, r->out.len - at);
        if (n < 0 && errno == EAGAIN)
            poll(&(struct pollfd){ .fd = r->options.fd, .events = POLLOUT }, 1, 1000);
        else if (n < 0 && errno != EINTR)
            tell_gone(r, errno == EPIPE ? "" : strerror(errno));
        else if (n > 0)
            at += (size_t)n;
    }
    buffer_clear(&r->out);
    return !r->gone;
}

static void remember_title(struct report *r, const char *source, const char *title, int64_t at_ms)
{
    struct title *last = &r->titles[TITLES_MAX - 1];
    if (r->title_count == TITLES_MAX) {
        free(last->source);
        free(last->title);
    } else {
        r->title_count++;
    }
    memmove(&r->titles[1], &r->titles[0], (TITLES_MAX - 1) * sizeof(r->titles[0]));
    r->titles[0] = (struct title){ xstrdup(source), xstrdup(title), at_ms };
}

static void put_title_line(struct report *r, const char *source, const char *title)
{
    struct buffer line;
    char when[16];
    time_t now = time(NULL);
    struct tm tm;
    int columns, rows;
    buffer_init(&line, 0);
    live_view_size(r->options.fd, &columns, &rows);
    strftime(when, sizeof(when), "%H:%M", localtime_r(&now, &tm));
    buffer_printf(&line, "%s  %s  %s", when, source ? source : "", title ? title : "(no title)");
    text_for_terminal(buffer_str(&line), line.len, columns, live_view_ascii(), &r->out);
    buffer_putc(&r->out, '\n');
    buffer_fini(&line);
}

static void put_json_line(struct report *r, const char *json, size_t len)
{
    buffer_append(&r->out, json, len);
    buffer_putc(&r->out, '\n');
}

/* text is one article's JSON, or nil when it is gone. */
static void put_article(struct report *r, const redisReply *text, int64_t at_ms)
{
    if (text->type != REDIS_REPLY_STRING)
        return;
    r->written++;
    r->quiet_at_ms = clock_mono_ms() + QUIET_MS;
    r->told_quiet = true;
    if (r->options.mode == VIEW_JSON) {
        put_json_line(r, text->str, text->len);
        return;
    }
    json_t *record = json_loadb(text->str, text->len, 0, NULL);
    const char *source = json_string_value(json_object_get(record, "source")), *title = json_string_value(json_object_get(record, "title"));
    if (r->options.mode == VIEW_TABLE)
        remember_title(r, source, title, at_ms);
    else
        put_title_line(r, source, title);
    json_decref(record);
}

/* The value of a field of a stream's entry. */
static const char *field(const redisReply *fields, const char *name)
{
    for (size_t i = 0; i + 1 < fields->elements; i += 2)
        if (strcmp(fields->element[i]->str, name) == 0)
            return fields->element[i + 1]->str;
    return "";
}

static bool wanted(const redisReply *fields)
{
    const char *what = field(fields, "what");
    return strcmp(what, "new") == 0 || (strcmp(what, "updated") == 0 && strcmp(field(fields, "revision"), "1") != 0);
}

/* Of what an earlier start has written, the newest titles: the view begins with them. */
static void load_titles(struct report *r)
{
    const char *prefix = r->options.config->prefix;
    redisReply *reply = ask(r, "XREVRANGE %s %s - COUNT %d", key_article_stream(prefix).s, r->position, TITLES_MAX);
    size_t count = reply && reply->type == REDIS_REPLY_ARRAY ? reply->elements : 0;
    for (size_t i = count; i-- > 0;) {
        const redisReply *entry = reply->element[i];
        redisReply *text = wanted(entry->element[1]) ? ask(r, "GET %s", key_article(prefix, field(entry->element[1], "id")).s) : NULL;
        json_t *record = text && text->type == REDIS_REPLY_STRING ? json_loadb(text->str, text->len, 0, NULL) : NULL;
        if (record)
            remember_title(r, json_string_value(json_object_get(record, "source")), json_string_value(json_object_get(record, "title")),
                           atoll(entry->element[0]->str));
        json_decref(record);
        freeReplyObject(text);
    }
    freeReplyObject(reply);
}

/* Asks for the articles of all entries at once, then writes them in order. */
static bool put_entries(struct report *r, const redisReply *entries)
{
    size_t asked = 0;
    for (size_t i = 0; i < entries->elements; i++) {
        const redisReply *fields = entries->element[i]->element[1];
        if (wanted(fields))
            asked += redisAppendCommand(r->redis, "GET %s", key_article(r->options.config->prefix, field(fields, "id")).s) == REDIS_OK;
    }
    for (size_t i = 0; i < entries->elements; i++) {
        redisReply *text = NULL;
        if (!wanted(entries->element[i]->element[1]))
            continue;
        if (asked-- == 0 || redisGetReply(r->redis, (void **)&text) != REDIS_OK) {
            redisFree(r->redis);
            r->redis = NULL;
            buffer_clear(&r->out);
            return false; /* read again from the position that is stored */
        }
        put_article(r, text, atoll(entries->element[i]->element[0]->str));
        freeReplyObject(text);
    }
    return write_out(r);
}

/* Reads and writes what is new; the count of entries, -1 without Redis. */
static int follow(struct report *r, int block_ms)
{
    const struct key stream = key_article_stream(r->options.config->prefix);
    const char *key = stream.s;
    redisReply *reply = block_ms ? ask(r, "XREAD COUNT %d BLOCK %d STREAMS %s %s", BATCH, block_ms, key, r->position)
                                 : ask(r, "XREAD COUNT %d STREAMS %s %s", BATCH, key, r->position);
    int count = reply && reply->type != REDIS_REPLY_ERROR ? 0 : -1;
    if (reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == 1) {
        const redisReply *entries = reply->element[0]->element[1];
        count = (int)entries->elements;
        if (count > 0 && put_entries(r, entries)) {
            snprintf(r->position, sizeof(r->position), "%s", entries->element[count - 1]->element[0]->str);
            store_position(r);
        }
    }
    freeReplyObject(reply);
    return count;
}

/* --- the table --- */

static int64_t number(const json_t *o, const char *name)
{
    return json_integer_value(json_object_get(o, name));
}

static int64_t sum(const json_t *numbers, const char *prefix)
{
    const char *name;
    json_t *n;
    int64_t total = 0;
    json_object_foreach((json_t *)numbers, name, n)
        if (strncmp(name, prefix, strlen(prefix)) == 0)
            total += json_integer_value(n);
    return total;
}

/* Pages, articles and errors are what the books say (docs/manual.md, `ledger`). */
static void add_books(const struct map *by_name, const json_t *books)
{
    size_t i;
    json_t *day;
    json_array_foreach((json_t *)books, i, day) {
        const char *name = json_string_value(json_object_get(day, "source"));
        struct view_source *s = name ? map_get(by_name, name) : NULL;
        const json_t *outcomes = json_object_get(day, "outcomes");
        if (!s)
            continue;
        s->pages += sum(outcomes, "");
        s->articles += sum(outcomes, "article") + sum(outcomes, "updated");
        s->errors += sum(outcomes, "failed") + sum(outcomes, "deadlettered");
    }
}

static struct view_source source_of(const json_t *row)
{
    const char *state = json_string_value(json_object_get(row, "state"));
    return (struct view_source){
        .name = json_string_value(json_object_get(row, "name")), .status = json_string_value(json_object_get(row, "status")),
        .last_poll_ms = number(row, "last_poll_at"), .next_poll_ms = number(row, "next_poll_at"),
        .idle = state && strcmp(state, "active") != 0 ? state : NULL };
}

/* Lends rows' texts to the view. */
static void take_rows(struct report *r, json_t *rows, const json_t *books)
{
    size_t i;
    json_t *row;
    struct map *by_name = map_create();
    json_decref(r->rows);
    r->rows = rows;
    r->source_count = json_array_size(rows);
    r->sources = xrealloc(r->sources, (r->source_count + 1) * sizeof(*r->sources));
    json_array_foreach(rows, i, row) {
        r->sources[i] = source_of(row);
        map_put(by_name, r->sources[i].name, &r->sources[i]);
    }
    add_books(by_name, books);
    map_destroy(by_name);
}

static bool read_sources(struct report *r)
{
    struct error err;
    const struct config *c = r->options.config;
    json_t *rows = r->redis ? source_list(r->redis, c->prefix, &err) : NULL;
    if (!rows)
        return false;
    struct pending p;
    pending_read(r->redis, c->prefix, (int)c->crawler.partitions, 0, false, rows, &p, &err);
    json_t *books = ledger_read(r->redis, c->prefix, (int)c->crawler.partitions, NULL, &err);
    take_rows(r, rows, books);
    json_decref(books);
    return true;
}

/* While nothing else is to be said: which source cannot be read, and what to try. */
static void say_unread(const json_t *rows, char *notice, size_t size)
{
    size_t i, unread = 0;
    json_t *row;
    json_array_foreach((json_t *)rows, i, row) {
        const char *status = json_string_value(json_object_get(row, "status"));
        if (number(row, "errors") == 0 || !status)
            continue;
        if (unread++ == 0)
            snprintf(notice, size, "%s: %s. %s", json_string_value(json_object_get(row, "name")), status, trouble_remedy_of_failure(status));
    }
    if (unread > 1)
        snprintf(notice, size, "%zu sources cannot be read: `tidings status` tells why and what to try", unread);
}

static void fill_view(struct report *r, struct view *v, struct view_title *titles, char *notice, size_t size)
{
    for (size_t i = 0; i < r->title_count; i++)
        titles[i] = (struct view_title){ r->titles[i].source, r->titles[i].title, r->titles[i].at_ms };
    pthread_mutex_lock(&r->lock);
    snprintf(notice, size, "%s", r->notice);
    pthread_mutex_unlock(&r->lock);
    if (!*notice)
        say_unread(r->rows, notice, size);
    *v = (struct view){ .sources = r->sources, .source_count = r->source_count, .titles = titles, .title_count = r->title_count,
                        .now_ms = clock_unix_ms(), .state_path = r->options.state_path, .log_path = r->options.log_path,
                        .state_bytes = r->options.state_bytes(r->options.arg), .notice = *notice ? notice : NULL,
                        .ascii = live_view_ascii(), .colour = !getenv("NO_COLOR") || !*getenv("NO_COLOR") };
}

/* Thousands of sources take a while to read: a tenth of this thread's time at most. */
static void refresh_sources(struct report *r)
{
    int64_t began_ms = clock_mono_ms();
    if (began_ms < r->sources_at_ms)
        return;
    read_sources(r);
    r->sources_at_ms = began_ms + (clock_mono_ms() - began_ms) * 10;
}

static void refresh(struct report *r)
{
    struct view v;
    struct view_title titles[TITLES_MAX];
    char notice[sizeof(r->notice)];
    int64_t now_ms = clock_mono_ms();
    if (now_ms < r->refresh_at_ms)
        return;
    r->refresh_at_ms = now_ms + REFRESH_MS;
    refresh_sources(r);
    fill_view(r, &v, titles, notice, sizeof(notice));
    live_view_size(r->options.fd, &v.columns, &v.rows);
    live_view_draw(r->options.fd, &v);
}

/* In a pipe nothing may come for long: say once when something may. */
static void say_quiet(struct report *r)
{
    struct view v;
    struct view_title titles[TITLES_MAX];
    struct buffer text;
    char notice[sizeof(r->notice)];
    if (r->told_quiet || clock_mono_ms() < r->quiet_at_ms || r->finish || !read_sources(r))
        return;
    r->told_quiet = true;
    buffer_init(&text, 0);
    fill_view(r, &v, titles, notice, sizeof(notice));
    live_view_next_poll(&v, &text);
    log_info("waiting status=%s", log_quote(buffer_str(&text)));
    buffer_fini(&text);
}

/* --- the end of work --- */

static void look_for_idle(struct report *r)
{
    struct pending p = { 0 };
    struct error err;
    const struct config *c = r->options.config;
    int64_t now_ms = clock_mono_ms();
    if (!r->options.once || r->told_idle || !r->redis || now_ms < r->idle_at_ms)
        return;
    json_t *rows = source_list(r->redis, c->prefix, &err);
    bool idle = rows && pending_read(r->redis, c->prefix, (int)c->crawler.partitions, r->since_ms, false, rows, &p, &err) && p.open == 0 &&
                p.polls_due == 0 && p.unpolled == 0;
    json_decref(rows);
    r->settled = idle ? r->settled + 1 : 0;
    int64_t took_ms = clock_mono_ms() - now_ms;
    r->idle_at_ms = now_ms + (took_ms * 5 > IDLE_MS ? took_ms * 5 : IDLE_MS);
    if (r->settled < SETTLED)
        return;
    r->told_idle = true;
    r->options.on_idle(r->options.arg, (int)p.unread, p.unread_name);
}

/* A pipe whose reader went away says so before the next article comes. */
static void look_for_reader(struct report *r)
{
    struct pollfd out = { .fd = r->options.fd };
    if (r->options.mode == VIEW_JSON && !r->gone && poll(&out, 1, 0) > 0 && (out.revents & (POLLERR | POLLHUP)))
        tell_gone(r, "");
}

static void turn(struct report *r)
{
    struct error err;
    look_for_reader(r);
    if (!connect_redis(r, &err) || follow(r, BLOCK_MS) < 0)
        poll(NULL, 0, BLOCK_MS); /* whoever watches the server says what is wrong with it */
    if (r->options.mode == VIEW_TABLE)
        refresh(r);
    else
        say_quiet(r);
    look_for_idle(r);
}

static void *work(void *arg)
{
    struct report *r = arg;
    while (!r->finish)
        turn(r);
    while (!r->gone && r->redis && follow(r, 0) > 0)
        ;
    if (r->options.mode == VIEW_TABLE)
        live_view_leave(r->options.fd);
    r->ended = true;
    return NULL;
}

static void report_free(struct report *r)
{
    for (size_t i = 0; i < r->title_count; i++) {
        free(r->titles[i].source);
        free(r->titles[i].title);
    }
    if (r->redis)
        redisFree(r->redis);
    json_decref(r->rows);
    free(r->sources);
    buffer_fini(&r->out);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

struct report *report_create(const struct report_options *options, struct error *err)
{
    struct report *r = xcalloc(1, sizeof(*r));
    r->options = *options;
    pthread_mutex_init(&r->lock, NULL);
    buffer_init(&r->out, 0);
    r->quiet_at_ms = clock_mono_ms() + QUIET_MS;
    if (connect_redis(r, err) && load_position(r, err))
        return r;
    report_free(r);
    return NULL;
}

bool report_start(struct report *r, struct error *err)
{
    if (r->options.mode == VIEW_TABLE) {
        load_titles(r);
        live_view_enter(r->options.fd);
    }
    r->started = pthread_create(&r->thread, NULL, work, r) == 0;
    if (r->started)
        return true;
    if (r->options.mode == VIEW_TABLE)
        live_view_leave(r->options.fd);
    return error_set(err, ERROR_SYSTEM, "no thread could be started: raise the limit of processes (ulimit -u)");
}

void report_notice(struct report *r, const char *notice)
{
    pthread_mutex_lock(&r->lock);
    snprintf(r->notice, sizeof(r->notice), "%s", notice ? notice : "");
    pthread_mutex_unlock(&r->lock);
}

bool report_finish(struct report *r, int64_t limit_ms, int64_t *written)
{
    int64_t until_ms = clock_mono_ms() + limit_ms;
    r->finish = true;
    while (r->started && !r->ended && clock_mono_ms() < until_ms)
        poll(NULL, 0, 5);
    if (r->started && !r->ended) {
        if (r->options.mode == VIEW_TABLE)
            live_view_leave(r->options.fd);
        return false;
    }
    if (r->started)
        pthread_join(r->thread, NULL);
    if (written)
        *written = r->written;
    report_free(r);
    return true;
}
