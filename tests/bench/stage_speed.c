/* stage_speed.c - the extractor's or the loader's stage alone, over the local stream driver and a real Redis: how many articles a
 * second, and what of the processor. tests/bench/stages.py builds and runs it.
 *
 *     stage_speed extractor|loader REDIS_SOCKET STATE_DIR COUNT < PATHS
 *
 * PATHS: files of pages, one a line; they are taken in turn until COUNT have gone in, each time under another host, so that each is
 * an article of its own. Bodies are gzipped, as servers send them. */
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/url.h"
#include "extractor/parse.h"
#include "extractor/pool.h"
#include "extractor/record.h"
#include "pipeline/article.h"
#include "pipeline/budget.h"
#include "pipeline/meta.h"
#include "pipeline/page.h"
#include "pipeline/redis.h"
#include "pipeline/stage.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <zlib.h>

#define PAGES_MAX 4096

struct piece { /* a page, or an article's members */
    char *bytes;
    size_t len;
};

static struct bench {
    uv_loop_t loop;
    struct config *config;
    struct meta *meta;
    struct stream *stream;
    struct producer *producer;
    struct consumer *articles, *events;
    const struct stage *stage;
    void *self;
    bool loader;
    struct piece pieces[PAGES_MAX];
    size_t piece_count, count, sent, delivered, published;
    int64_t first_version;
} b;

static void die(const char *what, const char *why)
{
    fprintf(stderr, "stage_speed: %s: %s\n", what, why);
    exit(1);
}

static void on_fatal(void *arg, const struct error *err)
{
    (void)arg;
    die("the stage", err->message);
}

/* --- pages --- */

static struct piece gzipped(const struct buffer *page)
{
    z_stream z = { 0 };
    struct piece out;

    deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    size_t room = deflateBound(&z, page->len) + 32;
    out.bytes = xmalloc(room);
    z.next_in = (unsigned char *)page->data, z.avail_in = (unsigned)page->len;
    z.next_out = (unsigned char *)out.bytes, z.avail_out = (unsigned)room;
    deflate(&z, Z_FINISH);
    out.len = z.total_out;
    deflateEnd(&z);
    return out;
}

static void read_pieces(void)
{
    char path[4096], chunk[65536];
    struct buffer page;

    buffer_init(&page, 0);
    while (b.piece_count < PAGES_MAX && fgets(path, sizeof(path), stdin)) {
        path[strcspn(path, "\n")] = '\0';
        FILE *f = fopen(path, "rb");
        if (!f)
            die(path, "cannot be read");
        buffer_clear(&page);
        for (size_t n; (n = fread(chunk, 1, sizeof(chunk), f)) > 0;)
            buffer_append(&page, chunk, n);
        fclose(f);
        b.pieces[b.piece_count] = gzipped(&page);
        b.piece_count += b.pieces[b.piece_count].len < 1000000;
    }
    buffer_fini(&page);
    if (b.piece_count == 0)
        die("standard input", "names no pages");
}

struct address { char url[128]; struct id id; int partition; };

static struct address address_of(size_t n)
{
    struct address a;
    struct url u;

    snprintf(a.url, sizeof(a.url), "https://site-%zu.example/news/%zu/", n % 2000, n);
    if (!url_parse(&u, a.url, strlen(a.url), NULL, NULL, NULL))
        die(a.url, "is no address");
    struct place place = place_of(b.meta, u.host, u.port);
    a.id = u.id;
    a.partition = place.partition;
    place_fini(&place);
    url_fini(&u);
    return a;
}

static struct page page_of(const struct address *a, size_t n)
{
    const struct piece *piece = &b.pieces[n % b.piece_count];
    return (struct page){ .id = a->id, .request_id = a->id, .url = a->url, .request_url = a->url, .request_partition = a->partition,
                          .version = b.first_version + (int64_t)n, .source = "bench", .via = "feed", .status = 200,
                          .discovered_at_ms = b.first_version, .fetched_at_ms = b.first_version, .content_type = "text/html; charset=utf-8",
                          .content_encoding = "gzip", .etag = "\"0123456789abcdef\"", .body = piece->bytes, .body_len = piece->len };
}

/* --- in --- */

static void on_delivery(void *arg, const struct record *r, const struct error *err)
{
    (void)arg, (void)r;
    if (err)
        die("a record", err->message);
    b.delivered++;
}

static bool send_one(size_t n, struct error *err)
{
    struct address a = address_of(n);

    if (!b.loader) {
        struct page p = page_of(&a, n);
        return page_send(b.producer, &p, on_delivery, NULL, err);
    }
    struct page p = page_of(&a, n);
    const struct piece *piece = &b.pieces[n % b.piece_count];
    struct buffer record;
    buffer_init(&record, 0);
    record_write(&p, 1, b.first_version, piece->bytes, piece->len, &record);
    struct article article = { .id = a.id, .version = p.version, .revision = 1, .url = a.url, .fetched_at_ms = p.fetched_at_ms,
                               .json = record.data, .json_len = record.len };
    bool ok = article_send(b.producer, &article, "bench", on_delivery, NULL, err);
    buffer_fini(&record);
    return ok;
}

static void send_more(void *arg)
{
    struct error err;

    (void)arg;
    while (b.sent < b.count) {
        if (!send_one(b.sent, &err)) {
            if (err.kind != ERROR_LIMIT)
                die("a record", err.message);
            return;
        }
        b.sent++;
    }
}

/* For the loader: what the extractor would have made of the pages. */
static void make_articles(void)
{
    struct parse_limits limits = { 0 };
    struct parser *parser = parser_create(&limits);
    struct buffer answer;
    size_t kept = 0;

    buffer_init(&answer, 0);
    for (size_t i = 0; i < b.piece_count; i++) {
        char version[24];
        struct parsed parsed;
        struct address a = address_of(i);
        snprintf(version, sizeof(version), "%" PRId64, b.first_version);
        struct header headers[] = { { "tidings-url", a.url, strlen(a.url) }, { "tidings-version", version, strlen(version) },
                                    { "tidings-request-partition", "0", 1 }, { "tidings-fetched-at", version, strlen(version) },
                                    { "tidings-source", "bench", 5 }, { "content-encoding", "gzip", 4 } };
        struct record r = { .topic = TOPIC_PAGES, .key = a.id.hex, .key_len = ID_HEX_LEN, .value = b.pieces[i].bytes,
                            .value_len = b.pieces[i].len,
                            .headers = headers, .header_count = COUNT(headers) };
        buffer_clear(&answer);
        parser_run(parser, &r, &answer);
        free(b.pieces[i].bytes);
        if (parsed_read(answer.data, answer.len, &parsed) && parsed.members_len > 0)
            b.pieces[kept++] = (struct piece){ xmemdup(parsed.members, parsed.members_len), parsed.members_len };
    }
    b.piece_count = kept;
    buffer_fini(&answer);
    parser_destroy(parser);
}

/* --- out --- */

static void on_assigned(void *arg, const int32_t *partitions, size_t count)
{
    struct consumer **c = arg;
    for (size_t i = 0; i < count; i++)
        consumer_start(*c, partitions[i], -1);
}

static void on_revoked(void *arg, const int32_t *partitions, size_t count, bool lost)
{
    (void)arg, (void)partitions, (void)count, (void)lost;
}

static void on_record(void *arg, struct record *r)
{
    struct consumer **c = arg;
    b.published += r->topic == TOPIC_ARTICLES;
    consumer_done(*c, r->partition, r->offset + 1);
    record_release(r);
}

static struct consumer *listen_to(enum topic topic, struct consumer **place)
{
    struct consumer_callbacks callbacks = { on_assigned, on_revoked, on_record, on_fatal, place };
    struct error err;
    struct consumer *c = consumer_create(b.stream, &b.loop, topic, "bench", &callbacks, &err);
    if (!c)
        die("a topic", err.message);
    return c;
}

static void set(const char *name, const char *value)
{
    struct error err;
    if (!config_set(b.config, name, value, &err))
        die(name, err.message);
}

static void open_all(char **argv)
{
    struct error err;

    uv_loop_init(&b.loop);
    b.loader = strcmp(argv[1], "loader") == 0;
    b.stage = b.loader ? &loader_stage : &extractor_stage;
    b.config = config_load("/dev/null", NULL, 0, &err);
    if (!b.config)
        die("configuration", err.message);
    set("redis.frontier", argv[2]);
    set("redis.cache", argv[2]);
    b.count = (size_t)atoll(argv[4]);
    b.first_version = clock_unix_ms() - 3600000;
    redisContext *c = redis_open(argv[2], NULL, &err);
    b.meta = c ? meta_load(c, b.config->prefix, 256, true, &err) : NULL;
    b.stream = b.meta ? stream_local_create(b.config, argv[3], &err) : NULL;
    b.producer = b.stream ? producer_create(b.stream, &b.loop, &err) : NULL;
    if (!b.producer)
        die("start", err.message);
    redisFree(c);
}

static double cpu_of(int who)
{
    struct rusage u;
    getrusage(who, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

int main(int argc, char **argv)
{
    struct error err;

    if (argc > 1 && strcmp(argv[1], POOL_CHILD_ARGUMENT) == 0)
        return pool_child_main(argc, argv);
    if (argc != 5)
        die("usage", "stage_speed extractor|loader REDIS_SOCKET STATE_DIR COUNT < PATHS");
    log_set_level(LOG_WARN);
    open_all(argv);
    read_pieces();
    if (b.loader)
        make_articles();
    else
        b.articles = listen_to(TOPIC_ARTICLES, &b.articles);
    producer_on_space(b.producer, send_more, NULL);
    struct stage_env env = { .config = b.config, .stream = b.stream, .budget = budget_create((size_t)192 << 20),
                             .worker_id = "bench", .on_fatal = on_fatal };
    b.self = b.stage->create(&env, &b.loop, &err);
    if (!b.self)
        die("the stage", err.message);
    double own = cpu_of(RUSAGE_SELF);
    int64_t began_ms = clock_mono_ms();
    send_more(NULL);
    while (b.delivered < b.count)
        uv_run(&b.loop, UV_RUN_ONCE);
    double seconds = (double)(clock_mono_ms() - began_ms) / 1000;
    own = cpu_of(RUSAGE_SELF) - own;
    b.stage->destroy(b.self);
    consumer_destroy(b.articles);
    producer_destroy(b.producer);
    uv_run(&b.loop, UV_RUN_DEFAULT);
    printf("{\"records\":%zu,\"articles\":%zu,\"seconds\":%.3f,\"cpu_s\":%.3f,\"cpu_children_s\":%.3f}\n", b.count,
           b.loader ? b.count : b.published,
           seconds, own, cpu_of(RUSAGE_CHILDREN));
    return 0;
}
