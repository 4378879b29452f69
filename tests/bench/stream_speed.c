/* stream_speed.c - records a second through one producer and one consumer, for stream_speed.py.
 *
 *   stream_speed local DIR RECORDS BYTES              the local driver
 *   stream_speed kafka HOST:PORT RECORDS BYTES PREFIX the kafka driver; the topics PREFIX.*.v1 are there
 *   stream_speed bare HOST:PORT RECORDS BYTES PREFIX  librdkafka alone, with the settings it comes with but for idempotence
 *
 * Both sides live in this process. It prints records a second, CPU milliseconds (user and system) for 1,000 records, and the
 * largest resident size in MB. */
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "pipeline/stream.h"
#include "pipeline/topics.h"

#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <uv.h>

static struct {
    uv_loop_t loop;
    struct config config;
    struct stream *stream;
    struct producer *producer;
    struct consumer *consumer;
    char *body;
    size_t bytes;
    long records, sent, delivered, received;
    bool started;
} run;

static void fail(const char *what)
{
    fprintf(stderr, "stream_speed: %s\n", what);
    exit(1);
}

static double cpu_ms(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
}

static void print(int64_t took_ms, double cpu)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    printf("%.0f %.1f %.1f\n", (double)run.records * 1e3 / (double)(took_ms ? took_ms : 1), cpu * 1e3 / (double)run.records,
           (double)u.ru_maxrss / 1024);
}

/* Some bytes that no codec makes smaller. */
static void make_body(void)
{
    run.body = xmalloc(run.bytes);
    for (size_t i = 0; i < run.bytes; i++)
        run.body[i] = (char)(rand() >> 7);
}

/* --- ours --- */

static void on_delivery(void *arg, const struct record *r, const struct error *err)
{
    (void)arg, (void)r;
    if (err)
        fail(err->message);
    run.delivered++;
    if (run.delivered == run.records && run.received >= run.records)
        uv_stop(&run.loop);
}

static void send_on(void *arg)
{
    char key[16];
    static const struct header headers[] = { { "content-type", "text/html", 9 }, { "tidings-url", "https://news.example/1", 22 } };
    (void)arg;
    for (; run.started && run.sent < run.records; run.sent++) {
        struct record r = { .topic = TOPIC_PAGES, .key = key, .value = run.body, .value_len = run.bytes, .headers = headers, .header_count = 2 };
        r.key_len = (size_t)snprintf(key, sizeof(key), "%ld", run.sent);
        if (!producer_send(run.producer, &r, on_delivery, NULL, NULL))
            return;
    }
}

static void on_assigned(void *arg, const int32_t *partitions, size_t count)
{
    (void)arg;
    for (size_t i = 0; i < count; i++)
        consumer_start(run.consumer, partitions[i], -1);
    run.started = true;
    send_on(NULL);
}

static void on_revoked(void *arg, const int32_t *partitions, size_t count, bool lost)
{
    (void)arg, (void)partitions, (void)count, (void)lost;
    fail("partitions were taken back");
}

static void on_record(void *arg, struct record *r)
{
    (void)arg;
    run.received++;
    consumer_done(run.consumer, r->partition, r->offset + 1);
    record_release(r);
    if (run.delivered == run.records && run.received >= run.records)
        uv_stop(&run.loop);
}

static void on_fatal(void *arg, const struct error *err)
{
    (void)arg;
    fail(err->message);
}

static void measure_ours(bool kafka, const char *where)
{
    struct error err = { .message = "" };
    struct consumer_callbacks callbacks = { on_assigned, on_revoked, on_record, on_fatal, NULL };
    uv_loop_init(&run.loop);
    run.stream = kafka ? stream_kafka_create(&run.config, "speed", &err) : stream_local_create(&run.config, where, &err);
    run.producer = run.stream ? producer_create(run.stream, &run.loop, &err) : NULL;
    run.consumer = run.producer ? consumer_create(run.stream, &run.loop, TOPIC_PAGES, "speed", &callbacks, &err) : NULL;
    if (!run.consumer)
        fail(err.message);
    producer_on_space(run.producer, send_on, NULL);
    while (!run.started)
        uv_run(&run.loop, UV_RUN_ONCE);
    int64_t begin_ms = clock_mono_ms();
    double cpu = cpu_ms();
    uv_run(&run.loop, UV_RUN_DEFAULT);
    print(clock_mono_ms() - begin_ms, cpu_ms() - cpu);
}

/* --- librdkafka alone --- */

static rd_kafka_t *client(rd_kafka_type_t type, const char *address)
{
    char why[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", address, why, sizeof(why));
    if (type == RD_KAFKA_PRODUCER)
        rd_kafka_conf_set(conf, "enable.idempotence", "true", why, sizeof(why));
    else
        rd_kafka_conf_set(conf, "group.id", "bare", why, sizeof(why));
    rd_kafka_t *rk = rd_kafka_new(type, conf, why, sizeof(why));
    if (!rk)
        fail(why);
    return rk;
}

static void *consume(void *arg)
{
    rd_kafka_t *rk = arg;
    while (run.received < run.records) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, 1000);
        if (!m)
            continue;
        run.received += !m->err;
        rd_kafka_message_destroy(m);
    }
    return NULL;
}

static void measure_bare(const char *address)
{
    char topic[TOPIC_NAME_MAX], key[16];
    pthread_t thread;
    topic_full_name(run.config.prefix, TOPIC_PAGES, topic);
    rd_kafka_t *in = client(RD_KAFKA_CONSUMER, address), *out = client(RD_KAFKA_PRODUCER, address);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(24);
    for (int32_t p = 0; p < topic_spec(TOPIC_PAGES)->partitions; p++)
        rd_kafka_topic_partition_list_add(list, topic, p)->offset = RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_assign(in, list);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_metadata_destroy(({ const struct rd_kafka_metadata *m; rd_kafka_metadata(out, 1, NULL, &m, 10000); m; }));
    int64_t begin_ms = clock_mono_ms();
    double cpu = cpu_ms();
    pthread_create(&thread, NULL, consume, in);
    for (run.sent = 0; run.sent < run.records; run.sent++) {
        int n = snprintf(key, sizeof(key), "%ld", run.sent);
        while (rd_kafka_producev(out, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_KEY(key, (size_t)n), RD_KAFKA_V_VALUE(run.body, run.bytes),
                                 RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_HEADER("content-type", "text/html", 9),
                                 RD_KAFKA_V_HEADER("tidings-url", "https://news.example/1", 22),
                                 RD_KAFKA_V_END) == RD_KAFKA_RESP_ERR__QUEUE_FULL ||
               rd_kafka_outq_len(out) > 1000)
            rd_kafka_poll(out, 5);
        rd_kafka_poll(out, 0);
    }
    rd_kafka_flush(out, 60000);
    pthread_join(thread, NULL);
    print(clock_mono_ms() - begin_ms, cpu_ms() - cpu);
}

int main(int argc, char **argv)
{
    if (argc < 5)
        fail("usage: stream_speed local|kafka|bare WHERE RECORDS BYTES [PREFIX]");
    log_set_level(LOG_ERROR);
    run.records = atol(argv[3]);
    run.bytes = (size_t)atol(argv[4]);
    run.config.prefix = argc > 5 ? argv[5] : (char *)"speed";
    run.config.kafka.bootstrap = argv[2];
    make_body();
    if (strcmp(argv[1], "bare") == 0)
        measure_bare(argv[2]);
    else
        measure_ours(strcmp(argv[1], "kafka") == 0, argv[2]);
    fflush(stdout);
    _Exit(0); /* what is not measured needs no tidying */
}
