/* config.h - the whole configuration, checked. One table (config/settings.c) feeds the reader, the messages and the
 * reference page. Order: the defaults, the YAML file, TIDINGS_* variables, the command line. */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONFIG_LIST_MAX 16

struct config_list { /* of strings; NULL-terminated */
    char *items[CONFIG_LIST_MAX + 1];
};

struct config_source { /* one entry of `sources:`; sources added while running have the same fields in Redis */
    char *name;       /* default: the registrable domain of url */
    char *url;        /* the one address that is needed */
    char *title;      /* shown to readers as source_name */
    char *timezone, *language;
    struct config_list feeds, sitemaps; /* empty: found from url */
    struct config_list include, exclude; /* extraction selectors */
    struct config_list keep_params, drop_params;
    int64_t interval_ms; /* 0: chosen */
    char *backfill;      /* "2d", "all" */
    int line;            /* in the file */
};

struct config_property { char *name, *value; }; /* kafka.properties */

struct config {
    char *path;               /* the file that was read; NULL: none */
    char *prefix;             /* of topics and Redis keys; "tidings" */
    char *contact;            /* mail or URL for the User-Agent */
    char *state_dir;
    bool state_dir_chosen;    /* somebody set it; else it is the default place */
    struct { char *level, *format; } log;
    struct {
        char *bootstrap;      /* "host:port,…" */
        char *group_instance_id;
        struct config_property *properties;
        size_t property_count;
    } kafka;
    struct {
        char *frontier, *cache;             /* addresses; NULL: not configured; cache defaults to frontier's */
        char *frontier_password, *cache_password;
        int64_t private_max_mb;             /* of the private redis-server: 512 */
    } redis;
    struct {
        int64_t partitions;                 /* 256; fixed at the first start */
        int64_t lease_ms;                   /* 30000 */
        int64_t transfers;                  /* at once, whole worker */
        int64_t delay_ms;                   /* between two requests of one budget: 1000 */
        int64_t budgets_per_domain;         /* 10 */
        int64_t timeout_ms, connect_timeout_ms;
        int64_t max_body_bytes;             /* as it travels: 1 MiB */
        bool allow_private;                 /* loopback and private addresses: tests and the sample site */
        struct config_list allow_ports;
        int64_t max_redirects;
        char *backfill;
        int64_t poll_min_ms, poll_max_ms;
        int64_t source_daily_max;           /* new URLs of one source */
        int64_t polls_per_hour;             /* of one worker: a bound */
        char *user_agent;
        bool robots;
    } crawler;
    struct {
        int64_t threads;                    /* 0: one a core */
        int64_t parse_timeout_ms, parse_memory_mb, max_decoded_bytes;
        bool sandbox;
        bool site_memory;
    } extractor;
    struct {
        int64_t ttl_ms;                     /* of article:<id>: 7 days */
        int64_t latest_max, stream_max;     /* entries kept */
    } loader;
    struct { char *public_url; int64_t port; char *address; } websub; /* public_url NULL: off */
    struct { int64_t port; char *address; } health; /* 0: the role's default or the next free one */
    int64_t body_budget_mb;                 /* 192 */
    struct config_source *sources;
    size_t source_count;
    char **over;              /* "NAME=VALUE" of the command line and config_set(), over_count of them */
    size_t over_count;
};

/* Reads the configuration: defaults, then path (NULL: TIDINGS_CONFIG, else no file), then TIDINGS_* variables, then
 * overrides, each "NAME=VALUE" (may be NULL). NULL with ERROR_INVALID "FILE:LINE: KEY = FOUND: expected …" for the first
 * mistake. state_dir is always filled: the configured one, else XDG_STATE_HOME/tidings, for root /var/lib/tidings. */
struct config *config_load(const char *path, const char *const *overrides, size_t override_count, struct error *err);
void config_destroy(struct config *c); /* NULL is fine */
/* The file and the variables read again, with c's command line and config_set() over them. NULL as config_load(). */
struct config *config_load_again(const struct config *c, struct error *err);

/* The line of the file where source i has this key, or of item n of its list; for messages about what only others can judge. The file
 * is read again, so that rows need not keep lines; the source's own line where the file has changed meanwhile. */
int config_source_line(const struct config *c, size_t i, const char *key, size_t n);

/* Calls changed() with the name of each setting that differs; reload: SIGHUP takes it over, others need a restart. */
void config_compare(const struct config *before, const struct config *after, void (*changed)(void *arg, const char *name, bool reload),
                    void *arg);

/* Fills in what a role needs and nobody configured: Kafka at localhost:9092, Redis at localhost:6379. */
void config_role_defaults(struct config *c);

/* Sets one setting by name, checked; for callers that decide after loading (`run` and its private Redis). */
bool config_set(struct config *c, const char *name, const char *value, struct error *err);

#endif
