/* settings.c - the table, and how a text becomes a field. A row is all there is to add for a new setting: the reader, the
 * variable, the messages and the reference follow from it (tests/unit/cli/reference_test.c compares config/tidings.yaml
 * and docs/manual.md with it). */
#include "config/settings.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/near.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELD(f) offsetof(struct config, f)
#define SOURCE(f) offsetof(struct config_source, f)
#define MS "milliseconds"

const struct setting settings[] = {
    { "prefix", SETTING_STRING, 0, FIELD(prefix), "tidings", 1, 64, 0, "letters, digits, '-' and '_'",
      "Put before the names of topics and Redis keys." },
    { "contact", SETTING_STRING, 0, FIELD(contact), NULL, 3, 200, 0, "a mail address or a URL",
      "Who is behind the requests: stands in the User-Agent. Needed for every site but loopback." },
    { "state_dir", SETTING_STRING, 0, FIELD(state_dir), NULL, 1, 4000, 0, "a directory",
      "Where `tidings run` keeps its state. Unset: XDG_STATE_HOME/tidings, for root /var/lib/tidings." },
    { "body_budget_mb", SETTING_NUMBER, 0, FIELD(body_budget_mb), "192", 32, 16384, 0, "megabytes",
      "Memory of one process for page bodies: transfers, queues, parsing." },
    { "log.level", SETTING_CHOICE, SETTING_RELOAD, FIELD(log.level), "info", 0, 0, 0, "debug, info, warn or error",
      "The least important lines that are written." },
    { "log.format", SETTING_CHOICE, 0, FIELD(log.format), "text", 0, 0, 0, "text or json",
      "key=value lines, or the same fields as one JSON object a line." },

    { "kafka.bootstrap", SETTING_STRING, 0, FIELD(kafka.bootstrap), NULL, 1, 4000, 0, "HOST:PORT, several with commas",
      "Brokers to begin with. The roles take localhost:9092 when unset; `run` and questions then use no Kafka." },
    { "kafka.group_instance_id", SETTING_STRING, 0, FIELD(kafka.group_instance_id), NULL, 1, 200, 0, "a name",
      "Static membership: a restart within the session time-out moves no partition. Different for every process." },

    { "redis.frontier", SETTING_STRING, SETTING_ADDRESS, FIELD(redis.frontier), NULL, 1, 4000, 0, "HOST:PORT or the path of a socket",
      "What to fetch and when. The roles take localhost:6379 when unset; `run` then starts a private one." },
    { "redis.cache", SETTING_STRING, SETTING_ADDRESS, FIELD(redis.cache), NULL, 1, 4000, 0, "HOST:PORT or the path of a socket",
      "The articles, for readers. Unset: the frontier's server." },
    { "redis.frontier_password", SETTING_STRING, SETTING_SECRET, FIELD(redis.frontier_password), NULL, 1, 1000, 0, "a password",
      "Of the frontier's server." },
    { "redis.cache_password", SETTING_STRING, SETTING_SECRET, FIELD(redis.cache_password), NULL, 1, 1000, 0, "a password",
      "Of the cache's server. Unset: the frontier's, if they are one server." },
    { "redis.private_max_mb", SETTING_NUMBER, 0, FIELD(redis.private_max_mb), "512", 32, 65536, 0, "megabytes",
      "Bound of the private Redis of `run`; at 80 % of it the oldest articles leave the cache." },

    { "crawler.partitions", SETTING_NUMBER, 0, FIELD(crawler.partitions), "256", 1, 4096, 0, "partitions",
      "Parts of the frontier that workers share among them. Fixed at the first start." },
    { "crawler.lease_ms", SETTING_NUMBER, 0, FIELD(crawler.lease_ms), "30000", 20000, 600000, 0, MS,
      "How long a worker that died keeps its partitions." },
    { "crawler.transfers", SETTING_NUMBER, 0, FIELD(crawler.transfers), "256", 1, 8192, 0, "transfers",
      "Requests at once in one worker." },
    { "crawler.delay_ms", SETTING_NUMBER, 0, FIELD(crawler.delay_ms), "1000", 0, 3600000, 0, MS,
      "Between two requests to one registrable domain; robots.txt may ask for more." },
    { "crawler.budgets_per_domain", SETTING_NUMBER, 0, FIELD(crawler.budgets_per_domain), "10", 1, 1000, 0, "requests",
      "Requests at once to all blogs of one blog host together." },
    { "crawler.timeout_ms", SETTING_NUMBER, 0, FIELD(crawler.timeout_ms), "60000", 100, 600000, 0, MS,
      "Longest fetch of one address." },
    { "crawler.connect_timeout_ms", SETTING_NUMBER, 0, FIELD(crawler.connect_timeout_ms), "10000", 100, 120000, 0, MS,
      "Longest wait for a connection, TLS included." },
    { "crawler.max_body_bytes", SETTING_NUMBER, 0, FIELD(crawler.max_body_bytes), "1048576", 65536, 1048576, 0, "bytes",
      "Largest page as it travels to the extractor; larger ones become an event and a dead letter." },
    { "crawler.allow_private", SETTING_BOOL, 0, FIELD(crawler.allow_private), "false", 0, 0, 0, NULL,
      "Fetch from loopback and private addresses too. For tests and sites of your own." },
    { "crawler.allow_ports", SETTING_LIST, 0, FIELD(crawler.allow_ports), "80,443,8080,8443", 1, 65535, 0, "ports",
      "Ports that may be connected to. With allow_private, loopback may be reached on any." },
    { "crawler.max_redirects", SETTING_NUMBER, 0, FIELD(crawler.max_redirects), "5", 0, 10, 0, "redirects",
      "Followed in a row." },
    { "crawler.backfill", SETTING_STRING, 0, FIELD(crawler.backfill), "2d", 1, 16, 0, "\"12h\", \"2d\", \"none\" or \"all\"",
      "How old an item may be that a new source is asked for at first." },
    { "crawler.poll_min_ms", SETTING_NUMBER, 0, FIELD(crawler.poll_min_ms), "60000", 100, 86400000, 0, MS,
      "Shortest time between two polls of one feed." },
    { "crawler.poll_max_ms", SETTING_NUMBER, 0, FIELD(crawler.poll_max_ms), "21600000", 1000, 604800000, 0, MS,
      "Longest time between two polls of one feed." },
    { "crawler.polls_per_hour", SETTING_NUMBER, 0, FIELD(crawler.polls_per_hour), "60000", 60, 10000000, 0, "polls",
      "Most polls of feeds, sitemaps and front pages by one worker; beyond it all intervals are stretched alike." },
    { "crawler.source_daily_max", SETTING_NUMBER, 0, FIELD(crawler.source_daily_max), "20000", 1, 100000000, 0, "URLs",
      "Most new URLs of one source a day (UTC); what is beyond counts as filtered(cap) and is looked at again the next day." },
    { "crawler.user_agent", SETTING_STRING, 0, FIELD(crawler.user_agent), NULL, 3, 200, 0, "a User-Agent",
      "Sent with every request. Unset: tidings/VERSION (+CONTACT)." },
    { "crawler.robots", SETTING_BOOL, 0, FIELD(crawler.robots), "true", 0, 0, 0, NULL,
      "Keep to robots.txt. Only for sites of your own may it be off." },

    { "extractor.threads", SETTING_NUMBER, 0, FIELD(extractor.threads), "0", 0, 256, 0, "threads",
      "That parse pages at once; 0: one a core." },
    { "extractor.parse_timeout_ms", SETTING_NUMBER, 0, FIELD(extractor.parse_timeout_ms), "1000", 10, 60000, 0, MS,
      "Longest work on one page." },
    { "extractor.parse_memory_mb", SETTING_NUMBER, 0, FIELD(extractor.parse_memory_mb), "96", 16, 1024, 0, "megabytes",
      "Most memory for one page." },
    { "extractor.max_decoded_bytes", SETTING_NUMBER, 0, FIELD(extractor.max_decoded_bytes), "8388608", 65536, 67108864, 0, "bytes",
      "Largest page once unpacked." },
    { "extractor.sandbox", SETTING_BOOL, 0, FIELD(extractor.sandbox), "true", 0, 0, 0, NULL,
      "Parse in child processes that can open neither files nor sockets." },
    { "extractor.site_memory", SETTING_BOOL, 0, FIELD(extractor.site_memory), "true", 0, 0, 0, NULL,
      "Leave out what several pages of a host have in common, where the model doubts that it is text." },

    { "loader.ttl_s", SETTING_NUMBER, 0, FIELD(loader.ttl_ms), "604800", 1, 315360000, 1000, "seconds",
      "How long an article stays in the cache." },
    { "loader.latest_max", SETTING_NUMBER, 0, FIELD(loader.latest_max), "10000", 1, 10000000, 0, "entries",
      "Kept in `latest` and each list beside it." },
    { "loader.stream_max", SETTING_NUMBER, 0, FIELD(loader.stream_max), "10000", 1, 10000000, 0, "entries",
      "Kept in `stream:articles`." },

    { "websub.public_url", SETTING_STRING, 0, FIELD(websub.public_url), NULL, 8, 500, 0, "a URL",
      "Where hubs reach websub.port from outside. Set: feeds with a hub are subscribed to, and polled as soon as it says so." },
    { "websub.port", SETTING_NUMBER, 0, FIELD(websub.port), "9541", 1, 65535, 0, "(a port)",
      "Where hubs are listened to; one crawler of a machine has it." },
    { "websub.address", SETTING_STRING, 0, FIELD(websub.address), "127.0.0.1", 1, 64, 0, "an IP address",
      "Where that port listens." },

    { "health.port", SETTING_NUMBER, 0, FIELD(health.port), "0", 0, 65535, 0, "(a port)",
      "Of /healthz, /readyz and /metrics. 0: the role's own (crawler 9501, extractor 9511, loader 9521) or the next free one; "
      "`run` has it only when set." },
    { "health.address", SETTING_STRING, 0, FIELD(health.address), "127.0.0.1", 1, 64, 0, "an IP address",
      "Where that port listens." },
    { 0 },
};

const struct setting source_settings[] = {
    { "url", SETTING_STRING, 0, SOURCE(url), NULL, 1, 2000, 0, "a URL", "The site's address, the only one that is needed." },
    { "name", SETTING_STRING, 0, SOURCE(name), NULL, 1, 64, 0, "a name", "In keys and commands. Unset: the registrable domain of url." },
    { "title", SETTING_STRING, 0, SOURCE(title), NULL, 1, 200, 0, "a title", "Shown to readers." },
    { "timezone", SETTING_STRING, 0, SOURCE(timezone), NULL, 1, 64, 0, "\"Asia/Ho_Chi_Minh\" or \"+07:00\"",
      "Of dates that name none. Unset: by the country's domain, else UTC." },
    { "language", SETTING_STRING, 0, SOURCE(language), NULL, 2, 35, 0, "a language tag (BCP 47)", "Of pages that name none." },
    { "feeds", SETTING_LIST, 0, SOURCE(feeds), NULL, 0, 0, 0, "URLs", "Unset: found from url." },
    { "sitemaps", SETTING_LIST, 0, SOURCE(sitemaps), NULL, 0, 0, 0, "URLs", "Unset: found from robots.txt." },
    { "include", SETTING_LIST, 0, SOURCE(include), NULL, 0, 0, 0, "selectors", "Elements that hold the article." },
    { "exclude", SETTING_LIST, 0, SOURCE(exclude), NULL, 0, 0, 0, "selectors", "Elements that never belong to it." },
    { "keep_params", SETTING_LIST, 0, SOURCE(keep_params), NULL, 0, 0, 0, "names", "Query parameters that tell pages apart." },
    { "drop_params", SETTING_LIST, 0, SOURCE(drop_params), NULL, 0, 0, 0, "names", "Query parameters that do not." },
    { "interval_ms", SETTING_NUMBER, 0, SOURCE(interval_ms), "0", 0, 604800000, 0, MS, "Between two polls; 0: chosen by what comes." },
    { "backfill", SETTING_STRING, 0, SOURCE(backfill), NULL, 1, 16, 0, "\"12h\", \"2d\", \"none\" or \"all\"",
      "As crawler.backfill, for this source." },
    { 0 },
};

const struct setting *setting_find(const struct setting *table, const char *name)
{
    for (; table->name; table++)
        if (strcmp(table->name, name) == 0)
            return table;
    return NULL;
}

const char *setting_suggest(const struct setting *table, const char *name)
{
    const char *best = NULL;
    size_t least = strlen(name) / 3 + 1;
    for (; table->name; table++) {
        const char *dot = strrchr(table->name, '.');
        size_t whole = near_distance(name, table->name);
        size_t last = !strchr(name, '.') && dot ? near_distance(name, dot + 1) : SIZE_MAX; /* right name, wrong section */
        size_t d = last < whole ? last : whole;
        if (d < least) {
            least = d;
            best = table->name;
        }
    }
    return best;
}

void setting_variable(const struct setting *s, char *out, size_t size)
{
    size_t n = (size_t)snprintf(out, size, "TIDINGS_%s", s->name);
    for (size_t i = 8; i < n && i < size; i++)
        out[i] = out[i] == '.' ? '_' : (char)toupper((unsigned char)out[i]);
}

void setting_expected(const struct setting *s, char *out, size_t size)
{
    if (s->type == SETTING_NUMBER && s->unit[0] == '(')
        snprintf(out, size, "a whole number from %" PRId64 " to %" PRId64, s->min, s->max);
    else if (s->type == SETTING_NUMBER)
        snprintf(out, size, "a whole number of %s from %" PRId64 " to %" PRId64, s->unit, s->min, s->max);
    else if (s->type == SETTING_BOOL)
        snprintf(out, size, "true or false");
    else if (s->type == SETTING_LIST)
        snprintf(out, size, "a list of at most %d %s", CONFIG_LIST_MAX, s->unit);
    else
        snprintf(out, size, "%s", s->unit);
}

bool setting_prefix(struct error *err, const char *fmt, ...)
{
    struct error before;
    va_list args;
    if (!err)
        return false;
    before = *err;
    va_start(args, fmt);
    vsnprintf(err->message, sizeof(err->message), fmt, args);
    va_end(args);
    size_t n = strlen(err->message);
    snprintf(err->message + n, sizeof(err->message) - n, "%s", before.message);
    return false;
}

static bool refuse(const struct setting *s, const char *text, struct error *err)
{
    char expected[256];
    setting_expected(s, expected, sizeof(expected));
    if (s->flags & SETTING_SECRET)
        return error_set(err, ERROR_INVALID, "(not shown): expected %s of at most %" PRId64 " bytes", expected, s->max);
    return error_set(err, ERROR_INVALID, "%s: expected %s", log_quote(text), expected);
}

static bool whole_number(const char *text, int64_t min, int64_t max, int64_t *out)
{
    char *end;
    if (!*text || strspn(text, "-0123456789") != strlen(text))
        return false;
    errno = 0;
    long long v = strtoll(text, &end, 10);
    if (errno || *end || v < min || v > max)
        return false;
    *out = v;
    return true;
}

static bool named_by(const char *choices, const char *text)
{
    size_t n = strlen(text);
    for (const char *p = choices; n && (p = strstr(p, text)); p += n) {
        bool starts = p == choices || p[-1] == ' ';
        if (starts && (p[n] == '\0' || p[n] == ',' || p[n] == ' ') && strcmp(text, "or") != 0)
            return true;
    }
    return false;
}

static bool is_name(const char *text)
{
    for (; *text; text++)
        if (!isalnum((unsigned char)*text) && *text != '-' && *text != '_')
            return false;
    return true;
}

static bool is_backfill(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0)
        return strcmp(text, "all") == 0 || strcmp(text, "none") == 0;
    return digits <= 5 && (text[digits] == 'h' || text[digits] == 'd') && !text[digits + 1];
}

static bool is_address(const char *text)
{
    int64_t port;
    const char *colon = strrchr(text, ':');
    if (text[0] == '/')
        return true;
    return colon && colon > text && whole_number(colon + 1, 1, 65535, &port);
}

static bool printable(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return false;
    return true;
}

static bool string_fits(const struct setting *s, const char *text)
{
    size_t len = strlen(text);
    if ((int64_t)len < s->min || (int64_t)len > s->max || !printable(text))
        return false;
    if (strcmp(s->name, "prefix") == 0)
        return is_name(text);
    if (strcmp(s->name, "contact") == 0) /* goes into a header inside parentheses */
        return !strpbrk(text, " ()<>\"\\") && (strchr(text, '@') || strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0);
    if (strcmp(s->name, "backfill") == 0 || strcmp(s->name, "crawler.backfill") == 0)
        return is_backfill(text);
    if (strcmp(s->name, "url") == 0)
        return !strpbrk(text, " \"<>");
    return !(s->flags & SETTING_ADDRESS) || is_address(text);
}

static bool split_list(const struct setting *s, void *base, const char *text, struct error *err)
{
    const char *items[CONFIG_LIST_MAX];
    size_t count = 0;
    char *copy = xstrdup(text), *save = NULL;
    bool fits = true;
    for (char *item = strtok_r(copy, ",", &save); item && fits; item = strtok_r(NULL, ",", &save)) {
        fits = count < CONFIG_LIST_MAX;
        if (fits)
            items[count++] = item + strspn(item, " ");
    }
    fits = fits ? setting_set_list(s, base, items, count, err) : refuse(s, text, err);
    free(copy);
    return fits;
}

bool setting_set(const struct setting *s, void *base, const char *text, struct error *err)
{
    void *field = (char *)base + s->offset;
    int64_t number;
    switch (s->type) {
    case SETTING_NUMBER:
        if (!whole_number(text, s->min, s->max, &number))
            return refuse(s, text, err);
        *(int64_t *)field = number * (s->scale ? s->scale : 1);
        return true;
    case SETTING_BOOL:
        if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
            return refuse(s, text, err);
        *(bool *)field = text[0] == 't';
        return true;
    case SETTING_LIST:
        return split_list(s, base, text, err);
    case SETTING_CHOICE:
    case SETTING_STRING:
        if (s->type == SETTING_CHOICE ? !named_by(s->unit, text) : !string_fits(s, text))
            return refuse(s, text, err);
        free(*(char **)field);
        *(char **)field = xstrdup(text);
        return true;
    }
    return false;
}

bool setting_set_list(const struct setting *s, void *base, const char *const *items, size_t count, struct error *err)
{
    int64_t port;
    if (count > CONFIG_LIST_MAX)
        return error_set(err, ERROR_INVALID, "%zu entries: expected at most %d", count, CONFIG_LIST_MAX);
    for (size_t i = 0; i < count; i++)
        if (!*items[i] || !printable(items[i]) || (s->max && !whole_number(items[i], s->min, s->max, &port)))
            return refuse(s, items[i], err);
    setting_unset(s, base);
    struct config_list *list = (struct config_list *)((char *)base + s->offset);
    for (size_t i = 0; i < count; i++)
        list->items[i] = xstrdup(items[i]);
    return true;
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

bool setting_equal(const struct setting *s, const void *base, const void *other)
{
    const void *a = (const char *)base + s->offset, *b = (const char *)other + s->offset;
    if (s->type == SETTING_NUMBER)
        return *(const int64_t *)a == *(const int64_t *)b;
    if (s->type == SETTING_BOOL)
        return *(const bool *)a == *(const bool *)b;
    if (s->type != SETTING_LIST)
        return same_text(*(char *const *)a, *(char *const *)b);
    const struct config_list *x = a, *y = b;
    for (size_t i = 0; i < CONFIG_LIST_MAX; i++)
        if (!same_text(x->items[i], y->items[i]))
            return false;
    return true;
}

void setting_unset(const struct setting *s, void *base)
{
    void *field = (char *)base + s->offset;
    if (s->type == SETTING_STRING || s->type == SETTING_CHOICE) {
        free(*(char **)field);
        *(char **)field = NULL;
    } else if (s->type == SETTING_LIST) {
        struct config_list *list = field;
        for (size_t i = 0; i < CONFIG_LIST_MAX; i++)
            free(list->items[i]);
        memset(list, 0, sizeof(*list));
    }
}
