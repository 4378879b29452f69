/* own_sources.h - sources as the test lists them, with rows in Redis as the frontier wants them. */
#ifndef TESTS_CRAWLER_OWN_SOURCES_H
#define TESTS_CRAWLER_OWN_SOURCES_H

#include "tests/unit/crawler/stage_own.h"

struct sources {
    struct sources_callbacks callbacks;
    uv_timer_t timer;
    struct redis *redis;
    bool told;
};

static struct source own_sources[64];
static size_t own_source_count;

static void own_source(const char *name, const char *url, const char *feed)
{
    struct source *s = &own_sources[own_source_count++];
    *s = (struct source){ .name = xstrdup(name), .url = site_text(url), .backfill = xstrdup("2d"), .interval_ms = 300 };
    if (feed)
        s->feeds.items[0] = site_text(feed);
}

static void own_sources_clear(void)
{
    for (size_t i = 0; i < own_source_count; i++) {
        free(own_sources[i].name), free(own_sources[i].url), free(own_sources[i].backfill);
        for (char **f = own_sources[i].feeds.items; *f; f++)
            free(*f);
    }
    memset(own_sources, 0, sizeof(own_sources));
    own_source_count = 0;
}

static void own_sources_row(void *arg, const redisReply *reply, const struct error *err)
{
    (void)arg, (void)reply, (void)err;
}

static void own_sources_tell(uv_timer_t *t)
{
    struct sources *s = t->data;
    if (!redis_connected(s->redis))
        return;
    uv_timer_stop(t);
    s->told = true;
    for (size_t i = 0; i < own_source_count; i++) {
        redis_callf(s->redis, own_sources_row, NULL, "HSET tidings:source:%s state active url %s", own_sources[i].name, own_sources[i].url);
        s->callbacks.on_source(s->callbacks.arg, &own_sources[i]);
    }
}

struct sources *sources_create(uv_loop_t *loop, const struct config *config, const struct meta *meta, struct redis *r,
                               const struct sources_callbacks *callbacks)
{
    struct sources *s = xcalloc(1, sizeof(*s));
    (void)config, (void)meta;
    s->callbacks = *callbacks;
    s->redis = r;
    uv_timer_init(loop, &s->timer);
    s->timer.data = s;
    return s;
}

void sources_start(struct sources *s)
{
    uv_timer_start(&s->timer, own_sources_tell, 1, 20);
}

static void own_sources_freed(uv_handle_t *h)
{
    free(h->data);
}

void sources_destroy(struct sources *s)
{
    uv_close((uv_handle_t *)&s->timer, own_sources_freed);
}

const struct source *sources_get(const struct sources *s, const char *name)
{
    (void)s;
    for (size_t i = 0; i < own_source_count; i++)
        if (strcmp(own_sources[i].name, name) == 0)
            return &own_sources[i];
    return NULL;
}

bool sources_ready(const struct sources *s)
{
    return s->told;
}

char *source_default_name(const struct meta *meta, const char *url, struct error *err)
{
    (void)meta, (void)url, (void)err;
    return xstrdup("requests");
}

#endif
