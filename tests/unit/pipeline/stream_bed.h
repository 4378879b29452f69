/* stream_bed.h - what a test of streams stands on: a loop, a stream of whatever driver, a producer that counts reports, readers
 * that keep what comes. The test says what is below: bed_prepare, bed_stream, bed_clean. */
#ifndef TESTS_UNIT_PIPELINE_STREAM_BED_H
#define TESTS_UNIT_PIPELINE_STREAM_BED_H

#include "base/clock.h"
#include "pipeline/stream.h"
#include "pipeline/topics.h"
#include "tests/unit/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#define AWAIT_LIMIT_MS 180000 /* what takes longer never comes */
#define PARTITIONS_MAX 64

struct bed { /* what a test stands on */
    uv_loop_t loop;
    struct config config;
    char prefix[32], dir[64];
    struct stream *stream;
    struct producer *producer;
    size_t delivered, failed; /* reports */
    bool space;
    struct error last_error;  /* of a failed report */
    struct error fatal;
};

static void bed_prepare(struct bed *b); /* fills config, prefix and dir: fresh topics */
static struct stream *bed_stream(struct bed *b, struct error *err);
static void bed_clean(struct bed *b);

/* --- waiting --- */

static void on_turn(uv_timer_t *timer)
{
    (void)timer; /* wakes the loop so that the condition is looked at */
}

#define AWAIT(b, condition)                                                             \
    do {                                                                                \
        int64_t limit_ms_ = clock_mono_ms() + AWAIT_LIMIT_MS;                           \
        uv_timer_t turn_;                                                               \
        uv_timer_init(&(b)->loop, &turn_);                                              \
        uv_timer_start(&turn_, on_turn, 1, 5);                                          \
        while (!(condition) && clock_mono_ms() < limit_ms_)                             \
            uv_run(&(b)->loop, UV_RUN_ONCE);                                            \
        uv_close((uv_handle_t *)&turn_, NULL);                                          \
        uv_run(&(b)->loop, UV_RUN_NOWAIT);                                              \
        CHECK(condition, "not within %d s", AWAIT_LIMIT_MS / 1000);                     \
    } while (0)

/* Runs the loop for as long as handing over takes at most: for "nothing else comes", where there is no condition to await. */
static void turn_loop(struct bed *b, int turns)
{
    uv_timer_t turn;
    uv_timer_init(&b->loop, &turn);
    uv_timer_start(&turn, on_turn, 1, 2);
    while (turns-- > 0)
        uv_run(&b->loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&turn, NULL);
    uv_run(&b->loop, UV_RUN_NOWAIT);
}

/* --- the sending side --- */

static void on_delivery(void *arg, const struct record *r, const struct error *err)
{
    struct bed *b = arg;
    (void)r;
    if (err) {
        b->failed++;
        b->last_error = *err;
    } else
        b->delivered++;
}

static void on_space(void *arg)
{
    ((struct bed *)arg)->space = true;
}

static void on_producer_fatal(void *arg, const struct error *err)
{
    struct bed *b = arg;
    CHECK(!b->fatal.message[0], "told twice: %s", err->message);
    b->fatal = *err;
}

static void bed_open(struct bed *b)
{
    struct error err = { .message = "" };
    *b = (struct bed){ .config = { .body_budget_mb = 60 } };
    uv_loop_init(&b->loop);
    bed_prepare(b);
    b->stream = bed_stream(b, &err);
    CHECK(b->stream, "%s", err.message);
    b->producer = producer_create(b->stream, &b->loop, &err);
    CHECK(b->producer, "%s", err.message);
    producer_on_space(b->producer, on_space, b);
    producer_on_fatal(b->producer, on_producer_fatal, b);
}

static void bed_close(struct bed *b)
{
    producer_destroy(b->producer);
    uv_run(&b->loop, UV_RUN_DEFAULT); /* until every handle is closed: what is left open would hang here */
    stream_destroy(b->stream);
    CHECK(uv_loop_close(&b->loop) == 0, "a handle is left open");
    bed_clean(b);
}

static bool try_send(struct bed *b, enum topic topic, const char *key, const void *value, size_t len, struct error *err)
{
    struct record r = { .topic = topic, .key = key, .key_len = key ? strlen(key) : 0, .value = value, .value_len = len };
    return producer_send(b->producer, &r, on_delivery, b, err);
}

static void send_text(struct bed *b, enum topic topic, const char *key, const char *value)
{
    struct error err = { .message = "" };
    CHECK(try_send(b, topic, key, value, value ? strlen(value) : 0, &err), "%s", err.message);
}

/* Records 0, 1, 2 … of one key. */
static void send_numbers(struct bed *b, enum topic topic, const char *key, int from, int to)
{
    for (int i = from; i < to; i++) {
        char text[16];
        snprintf(text, sizeof(text), "%d", i);
        send_text(b, topic, key, text);
    }
}

/* A key for that partition. */
static const char *key_for(struct bed *b, enum topic topic, int32_t partition)
{
    static char keys[8][16];
    static unsigned turn;
    char *key = keys[turn++ % 8];
    for (int i = 0;; i++) {
        snprintf(key, 16, "key%d", i);
        if (stream_partition_of(b->stream, topic, key, strlen(key)) == partition)
            return key;
    }
}

/* --- the receiving side --- */

struct reader {
    struct bed *b;
    struct consumer *c;
    int32_t assigned[PARTITIONS_MAX];
    size_t assigned_count;
    int assignments, revocations;
    int64_t start_at[PARTITIONS_MAX];
    int64_t *stored;    /* by partition, shared by readers, as Redis would: instead of start_at; NULL = not */
    bool hold;          /* the test starts partitions itself */
    bool keep_revoked;  /* the test answers revocations itself */
    bool done_at_once;
    size_t pause_after; /* pauses the record's partition when that many have come; 0 = never */
    struct record **records;
    size_t count;
    bool closed, destroy_in_record;
    struct error fatal;
};

static void on_assigned(void *arg, const int32_t *partitions, size_t count)
{
    struct reader *r = arg;
    CHECK(count <= PARTITIONS_MAX, "%zu partitions", count);
    memcpy(r->assigned, partitions, count * sizeof(*partitions));
    r->assigned_count = count;
    r->assignments++;
    for (size_t i = 0; !r->hold && i < count; i++)
        consumer_start(r->c, partitions[i], (r->stored ? r->stored : r->start_at)[partitions[i]]);
}

static void on_revoked(void *arg, const int32_t *partitions, size_t count, bool lost)
{
    struct reader *r = arg;
    (void)partitions, (void)count, (void)lost;
    r->revocations++;
    r->assigned_count = 0;
    if (!r->keep_revoked)
        consumer_revoked(r->c);
}

static void on_record(void *arg, struct record *record)
{
    struct reader *r = arg;
    r->records = xrealloc(r->records, (r->count + 1) * sizeof(*r->records));
    r->records[r->count++] = record;
    if (r->stored)
        r->stored[record->partition] = record->offset + 1;
    if (r->done_at_once)
        consumer_done(r->c, record->partition, record->offset + 1);
    if (r->pause_after && r->count == r->pause_after)
        consumer_pause(r->c, record->partition);
    if (r->destroy_in_record) {
        consumer_destroy(r->c);
        r->c = NULL;
    }
}

static void on_fatal(void *arg, const struct error *err)
{
    ((struct reader *)arg)->fatal = *err;
}

static void reader_init(struct reader *r, struct bed *b)
{
    *r = (struct reader){ .b = b, .done_at_once = true };
    for (int i = 0; i < PARTITIONS_MAX; i++)
        r->start_at[i] = -1;
}

static void reader_create(struct reader *r, enum topic topic)
{
    struct consumer_callbacks callbacks = { on_assigned, on_revoked, on_record, on_fatal, r };
    struct error err = { .message = "" };
    r->c = consumer_create(r->b->stream, &r->b->loop, topic, "test", &callbacks, &err);
    CHECK(r->c, "%s", err.message);
}

static void on_closed(void *arg)
{
    ((struct reader *)arg)->closed = true;
}

static void reader_forget(struct reader *r)
{
    while (r->count > 0)
        record_release(r->records[--r->count]);
    free(r->records);
    r->records = NULL;
}

/* Keeps its records. */
static void reader_leave(struct reader *r)
{
    if (!r->c)
        return;
    r->closed = false;
    consumer_close(r->c, on_closed, r);
    AWAIT(r->b, r->closed);
    consumer_destroy(r->c);
    r->c = NULL;
}

static void reader_close(struct reader *r)
{
    reader_leave(r);
    reader_forget(r);
}

static bool is_text(const struct record *r, const char *text)
{
    return r->value && r->value_len == strlen(text) && memcmp(r->value, text, r->value_len) == 0;
}

/* Value i of the records of a partition is first + i, and offsets count up from offset. */
static void check_numbers(const struct reader *r, int32_t partition, int first, int count, int64_t offset)
{
    int seen = 0;
    for (size_t i = 0; i < r->count; i++) {
        char want[16];
        if (r->records[i]->partition != partition)
            continue;
        snprintf(want, sizeof(want), "%d", first + seen);
        CHECK(is_text(r->records[i], want), "partition %d: record %d is \"%.*s\", not %s", partition, seen,
              (int)r->records[i]->value_len, (const char *)r->records[i]->value, want);
        CHECK(r->records[i]->offset == offset + seen, "partition %d: record %d at %" PRId64, partition, seen, r->records[i]->offset);
        seen++;
    }
    CHECK(seen == count, "partition %d: %d records, not %d", partition, seen, count);
}

#endif
