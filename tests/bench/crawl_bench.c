/* crawl_bench.c - the crawler stage as it ships, into a stream that discards or into Kafka: what it alone can do. Run by crawl.py.
 *
 *   crawl_bench CONFIG PAGES [kafka]     prints pages, bytes, seconds, pages a second, its own CPU seconds per 1,000 pages, MB resident
 *
 * The run is over when so many pages have come (into Kafka: and are delivered), or none has for ten seconds (BENCH_SILENCE_MS). Time
 * counts from the start to the last page, CPU over the whole process with librdkafka's threads. */
#include "base/clock.h"
#include "base/log.h"
#include "pipeline/metrics.h"
#include "pipeline/stage.h"
#include "pipeline/worker.h"
#include "tests/discarding.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define SILENCE_MS 10000

static struct { size_t pages, bytes, wanted; int64_t begun_ms, last_ms; } run;

static void count(const struct record *r)
{
    if (r->topic != TOPIC_PAGES)
        return;
    run.pages++;
    run.bytes += r->value_len;
    run.last_ms = clock_mono_ms();
}

/* --- Kafka: the shipped driver, whose records are counted on their way in --- */

static const struct stream_driver *kafka_stream;
static const struct producer_driver *kafka_driver;
static struct producer *kafka_producer; /* NULL: discarding */

static bool send_counted(struct producer *p, const struct record *r, int32_t partition, producer_delivery_fn *fn, void *arg, struct error *err)
{
    bool ok = kafka_driver->send(p, r, partition, fn, arg, err);
    if (ok)
        count(r);
    return ok;
}

static struct producer *make_kafka_producer(struct stream *s, uv_loop_t *loop, struct error *err)
{
    static struct producer_driver counting;
    kafka_producer = kafka_stream->producer_create(s, loop, err);
    if (!kafka_producer)
        return NULL;
    kafka_driver = kafka_producer->driver;
    counting = *kafka_driver;
    counting.send = send_counted;
    kafka_producer->driver = &counting;
    return kafka_producer;
}

static struct stream *make_kafka_stream(const struct config *config, struct error *err)
{
    static struct stream_driver counting;
    struct stream *s = stream_kafka_create(config, "bench", err);
    if (!s)
        return NULL;
    kafka_stream = s->driver;
    counting = *kafka_stream;
    counting.producer_create = make_kafka_producer;
    s->driver = &counting;
    return s;
}

static bool delivered(void)
{
    return !kafka_producer || producer_queued(kafka_producer) == 0;
}

/* --- the run --- */

static void report(void)
{
    struct rusage u;
    double seconds = (double)(run.last_ms - run.begun_ms) / 1000;
    getrusage(RUSAGE_SELF, &u);
    double cpu = (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
    printf("{\"pages\": %zu, \"bytes\": %zu, \"seconds\": %.3f, \"pages_s\": %.1f, \"cpu_s_per_1000\": %.3f, \"peak_mb\": %.0f}\n", run.pages,
           run.bytes, seconds, (double)run.pages / (seconds > 0 ? seconds : 1), cpu * 1000 / (double)(run.pages ? run.pages : 1),
           (double)u.ru_maxrss / 1024);
    fflush(stdout);
    exit(run.pages >= run.wanted ? 0 : 1);
}

/* With BENCH_TRACE: a line a tick on standard error, to see what it waits for. */
static void trace(void)
{
    struct buffer b;
    if (!getenv("BENCH_TRACE"))
        return;
    buffer_init(&b, 1 << 20);
    metrics_write(&b);
    fprintf(stderr, "ms=%lld pages=%zu", (long long)(clock_mono_ms() - run.begun_ms), run.pages);
    for (char *line = strtok(b.data, "\n"); line; line = strtok(NULL, "\n"))
        if (strncmp(line, "tidings_crawl_", 14) == 0 || strncmp(line, "tidings_fetch_inflight", 22) == 0)
            fprintf(stderr, " %s", line + 8);
    fprintf(stderr, "\n");
    buffer_fini(&b);
}

static void on_tick(uv_timer_t *timer)
{
    (void)timer;
    const char *silence = getenv("BENCH_SILENCE_MS");
    trace();
    if (run.pages >= run.wanted && !delivered())
        run.last_ms = clock_mono_ms();
    else if (run.pages >= run.wanted || clock_mono_ms() - run.last_ms > (silence ? atoll(silence) : SILENCE_MS))
        report();
}

static void on_fatal(void *arg, const struct error *err)
{
    (void)arg;
    fprintf(stderr, "crawl_bench: %s\n", err->message);
    _exit(4);
}

int main(int argc, char **argv)
{
    struct error err;
    uv_loop_t loop;
    uv_timer_t tick;
    worker_prepare();
    bool kafka = argc == 4 && strcmp(argv[3], "kafka") == 0, usage_ok = argc == 3 || kafka;
    struct config *config = usage_ok ? config_load(argv[1], NULL, 0, &err) : NULL;
    if (!config) {
        fprintf(stderr, "crawl_bench: %s\n", usage_ok ? err.message : "usage: crawl_bench CONFIG PAGES [kafka]");
        return 2;
    }
    log_set_level(LOG_WARN);
    run.wanted = (size_t)atoll(argv[2]);
    discarding_sent = count;
    run.begun_ms = run.last_ms = clock_mono_ms();
    uv_loop_init(&loop);
    uv_timer_init(&loop, &tick);
    uv_timer_start(&tick, on_tick, 20, 20);
    struct stream *used = kafka ? make_kafka_stream(config, &err) : &discarding_stream;
    if (!used)
        on_fatal(NULL, &err);
    struct stage_env env = { .config = config, .stream = used, .budget = budget_create((size_t)config->body_budget_mb << 20),
                             .worker_id = "bench", .holder = "bench", .on_fatal = on_fatal };
    if (!crawler_stage.create(&env, &loop, &err))
        on_fatal(NULL, &err);
    uv_run(&loop, UV_RUN_DEFAULT);
    return 1;
}
