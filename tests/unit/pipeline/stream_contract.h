/* stream_contract.h - what both drivers of pipeline/stream.h promise, as tests. stream_local_test.c and
 * stream_kafka_test.c include it, say what a test stands on and add what only they can do. */
#ifndef TESTS_UNIT_PIPELINE_STREAM_CONTRACT_H
#define TESTS_UNIT_PIPELINE_STREAM_CONTRACT_H

#include "pipeline/metrics.h"
#include "tests/unit/pipeline/stream_bed.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

/* --- records come as they were sent --- */

static const struct header some_headers[] = {
    { "content-type", "text/html", 9 }, { "binary", "\0\xff\x01", 3 }, { "empty", "", 0 }, { "null", NULL, 0 },
    { "twice", "1", 1 },                { "twice", "2", 1 },
};

static const struct { const char *name; const void *key, *value; size_t key_len, value_len, headers; } shapes[] = {
    { "text", "k", "hello", 1, 5, 0 },
    { "headers", "k", "hello", 1, 5, COUNT(some_headers) },
    { "tombstone", "k", NULL, 1, 0, 0 },
    { "tombstone with headers", "k", NULL, 1, 0, 2 },
    { "empty value", "k", "", 1, 0, 0 },
    { "bytes", "k\0\xfe", "\0\0\xff\xfe\n\r\"", 3, 7, 1 },
    { "no key", NULL, "x", 0, 1, 0 },
    { "empty key", "", "x", 0, 1, 0 },
};

static bool same_bytes(const void *a, size_t a_len, const void *b, size_t b_len)
{
    return !a == !b && a_len == b_len && (a_len == 0 || memcmp(a, b, a_len) == 0);
}

static void check_shape(size_t i, const struct record *r)
{
    CHECK(same_bytes(r->key, r->key_len, shapes[i].key, shapes[i].key_len), "%s: key", shapes[i].name);
    CHECK(same_bytes(r->value, r->value_len, shapes[i].value, shapes[i].value_len), "%s: value", shapes[i].name);
    CHECK(r->header_count == shapes[i].headers, "%s: %zu headers", shapes[i].name, r->header_count);
    for (size_t h = 0; h < shapes[i].headers; h++)
        CHECK(strcmp(r->headers[h].name, some_headers[h].name) == 0 &&
                  same_bytes(r->headers[h].value, r->headers[h].len, some_headers[h].value, some_headers[h].len),
              "%s: header %s", shapes[i].name, some_headers[h].name);
    CHECK(llabs(r->timestamp_ms - clock_unix_ms()) < 600000, "%s: time %" PRId64, shapes[i].name, r->timestamp_ms);
}

static void records_come_as_sent(enum topic topic)
{
    struct bed b;
    struct reader r;
    struct error err = { .message = "" };
    bed_open(&b);
    reader_init(&r, &b);
    for (size_t i = 0; i < COUNT(shapes); i++) {
        struct record sent = { .topic = topic, .key = shapes[i].key, .key_len = shapes[i].key_len, .value = shapes[i].value,
                               .value_len = shapes[i].value_len, .headers = some_headers, .header_count = shapes[i].headers };
        CHECK(producer_send(b.producer, &sent, on_delivery, &b, &err), "%s: %s", shapes[i].name, err.message);
        reader_create(&r, topic);
        AWAIT(&b, r.count == 1 && b.delivered == i + 1);
        CHECK(r.records[0]->topic == topic, "topic %d", r.records[0]->topic);
        check_shape(i, r.records[0]);
        r.start_at[r.records[0]->partition] = r.records[0]->offset + 1;
        reader_close(&r);
    }
    assert_int_equal(producer_queued(b.producer), 0);
    assert_int_equal(producer_queued_bytes(b.producer), 0);
    bed_close(&b);
}

static void test_records_come_as_sent(void **state)
{
    (void)state;
    records_come_as_sent(TOPIC_PAGES);
}

static void test_dead_letters_come_as_sent(void **state)
{
    (void)state;
    records_come_as_sent(TOPIC_DEADLETTERS);
}

static void test_keys_keep_their_order(void **state)
{
    struct bed b;
    struct reader r;
    int32_t partitions[3] = { 0, 5, 23 };
    (void)state;
    bed_open(&b);
    reader_init(&r, &b);
    reader_create(&r, TOPIC_PAGES);
    for (int i = 0; i < 100; i++)
        for (size_t k = 0; k < COUNT(partitions); k++)
            send_numbers(&b, TOPIC_PAGES, key_for(&b, TOPIC_PAGES, partitions[k]), i, i + 1);
    AWAIT(&b, r.count == 300 && b.delivered == 300);
    assert_int_equal(r.assigned_count, 24);
    for (size_t k = 0; k < COUNT(partitions); k++)
        check_numbers(&r, partitions[k], 0, 100, 0);
    AWAIT(&b, consumer_lag(r.c) == 0);
    assert_int_equal(metric_value(metric_gauge("tidings_queued_bytes", "", "topic", "pages")), 0);
    assert_true(metric_value(metric_counter("tidings_records_delivered_total", "", "topic", "pages")) >= 300);
    assert_true(metric_value(metric_counter("tidings_records_received_total", "", "topic", "pages")) >= 300);
    reader_close(&r);
    bed_close(&b);
}

/* --- starting --- */

static void test_nothing_flows_before_the_start(void **state)
{
    struct bed b;
    struct reader r;
    (void)state;
    bed_open(&b);
    reader_init(&r, &b);
    r.hold = true;
    reader_create(&r, TOPIC_PAGES);
    AWAIT(&b, r.assignments == 1);
    assert_true(consumer_ready(r.c));
    send_numbers(&b, TOPIC_PAGES, key_for(&b, TOPIC_PAGES, 1), 0, 3);
    send_numbers(&b, TOPIC_PAGES, key_for(&b, TOPIC_PAGES, 2), 0, 3);
    consumer_start(r.c, 2, -1);
    AWAIT(&b, r.count == 3);
    turn_loop(&b, 50);
    check_numbers(&r, 2, 0, 3, 0);
    consumer_start(r.c, 1, -1);
    AWAIT(&b, r.count == 6 && b.delivered == 6);
    check_numbers(&r, 1, 0, 3, 0);
    check_numbers(&r, 2, 0, 3, 0);
    reader_close(&r);
    bed_close(&b);
}

static void test_starts_at_the_stored_offset(void **state)
{
    struct bed b;
    struct reader r;
    (void)state;
    bed_open(&b);
    reader_init(&r, &b);
    r.done_at_once = false;
    reader_create(&r, TOPIC_ARTICLES);
    send_numbers(&b, TOPIC_ARTICLES, key_for(&b, TOPIC_ARTICLES, 3), 0, 5);
    AWAIT(&b, r.count == 5);
    consumer_done(r.c, 3, 3); /* 0 to 2 have had their effect */
    reader_close(&r);
    r.start_at[3] = 3;
    reader_create(&r, TOPIC_ARTICLES);
    AWAIT(&b, r.count == 2);
    check_numbers(&r, 3, 3, 2, 3);
    send_numbers(&b, TOPIC_ARTICLES, key_for(&b, TOPIC_ARTICLES, 3), 5, 7);
    AWAIT(&b, r.count == 4);
    check_numbers(&r, 3, 3, 4, 3);
    consumer_done(r.c, 3, 7);
    AWAIT(&b, b.delivered == 7 && consumer_lag(r.c) == 0);
    reader_close(&r);
    bed_close(&b);
}

/* The state's script has refused: everything in work is dropped and read again from the stored position. */
static void test_starts_again_in_place(void **state)
{
    struct bed b;
    struct reader r;
    (void)state;
    bed_open(&b);
    reader_init(&r, &b);
    r.done_at_once = false;
    reader_create(&r, TOPIC_PAGES);
    send_numbers(&b, TOPIC_PAGES, key_for(&b, TOPIC_PAGES, 7), 0, 10);
    send_numbers(&b, TOPIC_PAGES, key_for(&b, TOPIC_PAGES, 8), 0, 4);
    AWAIT(&b, r.count == 14);
    consumer_done(r.c, 7, 4);
    reader_forget(&r);
    consumer_start(r.c, 7, 4);
    AWAIT(&b, r.count == 6);
    check_numbers(&r, 7, 4, 6, 4);
    send_numbers(&b, TOPIC_PAGES, key_for(&b, TOPIC_PAGES, 8), 4, 6); /* goes on where it was */
    AWAIT(&b, r.count == 8);
    check_numbers(&r, 8, 4, 2, 4);
    consumer_done(r.c, 7, 10);
    consumer_done(r.c, 7, 2); /* a late word changes nothing */
    consumer_done(r.c, 8, 6);
    AWAIT(&b, b.delivered == 16 && consumer_lag(r.c) == 0);
    reader_close(&r);
    bed_close(&b);
}

/* --- back-pressure --- */

static void test_a_paused_partition_waits_alone(void **state)
{
    struct bed b;
    struct reader r;
    (void)state;
    bed_open(&b);
    reader_init(&r, &b);
    r.pause_after = 5;
    reader_create(&r, TOPIC_PAGES);
    send_numbers(&b, TOPIC_PAGES, key_for(&b, TOPIC_PAGES, 11), 0, 200);
    AWAIT(&b, r.count == 5);
    send_numbers(&b, TOPIC_PAGES, key_for(&b, TOPIC_PAGES, 12), 0, 200);
    AWAIT(&b, r.count == 205);
    turn_loop(&b, 50);
    check_numbers(&r, 11, 0, 5, 0);
    check_numbers(&r, 12, 0, 200, 0);
    consumer_resume(r.c, 11);
    consumer_resume(r.c, 12); /* was not paused: no harm */
    AWAIT(&b, r.count == 400 && b.delivered == 400);
    check_numbers(&r, 11, 0, 200, 0);
    reader_close(&r);
    bed_close(&b);
}

static void test_pausing_back_and_forth_loses_nothing(void **state)
{
    struct bed b;
    struct reader r;
    (void)state;
    bed_open(&b);
    reader_init(&r, &b);
    reader_create(&r, TOPIC_PAGES);
    send_numbers(&b, TOPIC_PAGES, key_for(&b, TOPIC_PAGES, 4), 0, 1000);
    for (size_t have = 0; r.count < 1000;) {
        r.pause_after = r.count + 37 < 1000 ? r.count + 37 : 1000;
        AWAIT(&b, r.count == r.pause_after);
        CHECK(r.count > have, "no progress at %zu", have);
        have = r.count;
        consumer_resume(r.c, 4);
    }
    check_numbers(&r, 4, 0, 1000, 0);
    AWAIT(&b, b.delivered == 1000);
    reader_close(&r);
    bed_close(&b);
}

static void test_a_full_queue_refuses_and_calls_back(void **state)
{
    struct bed b;
    struct reader r;
    struct error err = { .message = "" };
    static char body[200000];
    size_t sent = 0;
    (void)state;
    bed_open(&b);
    reader_init(&r, &b);
    while (sent < 1000 && try_send(&b, TOPIC_PAGES, "one key", body, sizeof(body), &err))
        sent++;
    CHECK(err.kind == ERROR_LIMIT && sent > 1 && sent < 1000, "%zu sent: %s", sent, err.message);
    assert_int_equal(producer_queued(b.producer), sent);
    CHECK(producer_queued_bytes(b.producer) <= (size_t)b.config.body_budget_mb << 20, "%zu", producer_queued_bytes(b.producer));
    assert_false(b.space);
    reader_create(&r, TOPIC_PAGES);
    AWAIT(&b, b.space);
    CHECK(try_send(&b, TOPIC_PAGES, "one key", body, sizeof(body), &err), "%s", err.message);
    AWAIT(&b, r.count == sent + 1 && b.delivered == sent + 1);
    reader_close(&r);
    bed_close(&b);
}

static void test_what_can_never_be_sent_is_invalid(void **state)
{
    struct bed b;
    struct error err;
    static struct header many[600];
    char *body = xcalloc(1, 3 << 20), name[2000];
    (void)state;
    bed_open(&b);
    for (int t = 0; t < TOPIC_COUNT; t++) {
        err = (struct error){ .kind = ERROR_SYSTEM };
        assert_false(try_send(&b, (enum topic)t, "k", body, (size_t)topic_spec((enum topic)t)->max_message_bytes, &err));
        CHECK(err.kind == ERROR_INVALID && strstr(err.message, topic_spec((enum topic)t)->name), "%s", err.message);
    }
    for (size_t i = 0; i < COUNT(many); i++)
        many[i] = (struct header){ "h", "v", 1 };
    struct record r = { .topic = TOPIC_PAGES, .value = "x", .value_len = 1, .headers = many, .header_count = COUNT(many) };
    assert_false(producer_send(b.producer, &r, on_delivery, &b, &err));
    CHECK(err.kind == ERROR_INVALID, "%s", err.message);
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    many[0].name = name;
    r.header_count = 1;
    assert_false(producer_send(b.producer, &r, on_delivery, &b, &err));
    CHECK(err.kind == ERROR_INVALID, "%s", err.message);
    assert_int_equal(producer_queued(b.producer), 0);
    assert_int_equal(b.delivered + b.failed, 0);
    bed_close(&b);
    free(body);
}

/* The largest that each topic takes: our limit and the driver's must agree. */
static void test_the_largest_record_passes(void **state)
{
    struct bed b;
    struct error err = { .message = "" };
    char *body = xmalloc(3 << 20);
    (void)state;
    for (int i = 0; i < 3 << 20; i++) /* does not compress away */
        body[i] = (char)(rand() >> 8);
    bed_open(&b);
    for (int t = 0; t < TOPIC_COUNT; t++) {
        struct reader r;
        reader_init(&r, &b);
        reader_create(&r, (enum topic)t);
        b.delivered = 0;
        CHECK(try_send(&b, (enum topic)t, "k", body, (size_t)topic_spec((enum topic)t)->max_message_bytes - 200, &err), "%s",
              err.message);
        AWAIT(&b, r.count == 1 && b.delivered == 1);
        CHECK(memcmp(r.records[0]->value, body, r.records[0]->value_len) == 0, "%s", topic_name((enum topic)t));
        reader_close(&r);
    }
    bed_close(&b);
    free(body);
}

/* --- leaving --- */

static void test_a_destroyed_producer_calls_nobody(void **state)
{
    struct bed b;
    struct error err = { .message = "" };
    (void)state;
    bed_open(&b);
    send_numbers(&b, TOPIC_PAGES, "k", 0, 100);
    producer_destroy(b.producer);
    b.producer = producer_create(b.stream, &b.loop, &err); /* another one takes no notice */
    CHECK(b.producer, "%s", err.message);
    turn_loop(&b, 20);
    assert_int_equal(b.delivered + b.failed, 0);
    assert_int_equal(producer_queued(b.producer), 0);
    bed_close(&b);
}

static void test_a_consumer_may_be_destroyed_inside_its_callback(void **state)
{
    struct bed b;
    struct reader r;
    (void)state;
    bed_open(&b);
    reader_init(&r, &b);
    r.destroy_in_record = true;
    reader_create(&r, TOPIC_PAGES);
    send_numbers(&b, TOPIC_PAGES, "k", 0, 100);
    AWAIT(&b, r.count == 1);
    turn_loop(&b, 20);
    assert_int_equal(r.count, 1);
    reader_close(&r);
    bed_close(&b);
}

static void test_a_consumer_closes_at_any_moment(void **state)
{
    struct bed b;
    struct reader r;
    (void)state;
    bed_open(&b);
    for (int turns = 0; turns < 12; turns += 4) {
        reader_init(&r, &b);
        r.hold = turns == 4;
        reader_create(&r, TOPIC_PAGES);
        turn_loop(&b, turns);
        reader_close(&r);
    }
    bed_close(&b);
}

/* --- kill -9 --- *
 * A child sends numbers and consumes them. What was delivered is a line in one file, what had its effect, with the position,
 * in another: the write(2) stands for the Redis script. It is killed in the middle, again and again. */

#define KILL_NUMBERS 3000
#define KILL_ROUNDS 4

struct diary {
    int delivered_fd, effects_fd;
    bool delivered[KILL_NUMBERS], effect[KILL_NUMBERS];
    int64_t position[PARTITIONS_MAX];
    int effects;
};

static void diary_read(struct diary *d, const char *dir)
{
    char path[128];
    int n, partition, seen = 0;
    int64_t offset;
    *d = (struct diary){ 0 };
    for (int i = 0; i < PARTITIONS_MAX; i++)
        d->position[i] = -1;
    snprintf(path, sizeof(path), "%s/delivered", dir);
    FILE *f = fopen(path, "a+");
    CHECK(f, "%s", path);
    for (rewind(f); fscanf(f, "%d\n", &n) == 1;)
        d->delivered[n] = true;
    fclose(f);
    snprintf(path, sizeof(path), "%s/effects", dir);
    f = fopen(path, "a+");
    CHECK(f, "%s", path);
    for (rewind(f); fscanf(f, "%d %" SCNd64 " %d\n", &partition, &offset, &n) == 3; seen++) {
        CHECK(d->position[partition] < 0 || offset == d->position[partition], "partition %d: %" PRId64 " after %" PRId64, partition,
              offset, d->position[partition]);
        d->position[partition] = offset + 1;
        d->effects += !d->effect[n];
        d->effect[n] = true;
    }
    fclose(f);
}

struct killed { /* the child */
    struct bed b;
    struct diary d;
    struct reader r;
    int next; /* number to send */
    int numbers[KILL_NUMBERS];
};

static void killed_delivered(void *arg, const struct record *r, const struct error *err)
{
    struct killed *k = arg;
    if (err || dprintf(k->d.delivered_fd, "%d\n", atoi(r->value)) < 0)
        _exit(3);
}

static void killed_send(void *arg)
{
    struct killed *k = arg;
    char value[4000] = "", key[16];
    for (; k->next < KILL_NUMBERS; k->next++) {
        if (k->d.delivered[k->next])
            continue;
        snprintf(value, sizeof(value), "%d", k->next);
        snprintf(key, sizeof(key), "k%d", k->next % 7);
        struct record r = { .topic = TOPIC_PAGES, .key = key, .key_len = strlen(key), .value = value, .value_len = sizeof(value) };
        if (!producer_send(k->b.producer, &r, killed_delivered, k, NULL))
            return;
    }
}

static void killed_record(void *arg, struct record *r)
{
    struct killed *k = arg;
    if (dprintf(k->d.effects_fd, "%d %" PRId64 " %d\n", r->partition, r->offset, atoi(r->value)) < 0)
        _exit(3);
    consumer_done(k->r.c, r->partition, r->offset + 1);
    record_release(r);
}

static void killed_assigned(void *arg, const int32_t *partitions, size_t count)
{
    struct killed *k = arg;
    on_assigned(&k->r, partitions, count);
}

static void killed_revoked(void *arg, const int32_t *partitions, size_t count, bool lost)
{
    on_revoked(&((struct killed *)arg)->r, partitions, count, lost);
}

static int killed_main(const char *prefix, const char *dir)
{
    struct killed *k = xcalloc(1, sizeof(*k));
    struct consumer_callbacks callbacks = { killed_assigned, killed_revoked, killed_record, on_fatal, k };
    struct error err = { .message = "" };
    char path[128];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    diary_read(&k->d, dir);
    snprintf(path, sizeof(path), "%s/delivered", dir);
    k->d.delivered_fd = fileno(fopen(path, "a"));
    snprintf(path, sizeof(path), "%s/effects", dir);
    k->d.effects_fd = fileno(fopen(path, "a"));
    k->b.config.body_budget_mb = 6;
    uv_loop_init(&k->b.loop);
    snprintf(k->b.prefix, sizeof(k->b.prefix), "%s", prefix);
    snprintf(k->b.dir, sizeof(k->b.dir), "%s", dir);
    k->b.stream = bed_stream(&k->b, &err);
    k->b.producer = k->b.stream ? producer_create(k->b.stream, &k->b.loop, &err) : NULL;
    reader_init(&k->r, &k->b);
    memcpy(k->r.start_at, k->d.position, sizeof(k->d.position));
    k->r.c = k->b.producer ? consumer_create(k->b.stream, &k->b.loop, TOPIC_PAGES, "test", &callbacks, &err) : NULL;
    if (!k->r.c)
        return fprintf(stderr, "child: %s\n", err.message), 3;
    producer_on_space(k->b.producer, killed_send, k);
    killed_send(k);
    return uv_run(&k->b.loop, UV_RUN_DEFAULT);
}

static pid_t killed_start(const struct bed *b)
{
    pid_t pid = fork();
    CHECK(pid >= 0, "fork");
    if (pid == 0) {
        execl("/proc/self/exe", "stream_test", "child", b->prefix, b->dir, b->config.kafka.bootstrap, (char *)NULL);
        _exit(127);
    }
    return pid;
}

static void test_kill_loses_nothing(void **state)
{
    static struct diary d;
    struct bed b = { .config = { .body_budget_mb = 60 } };
    (void)state;
    bed_prepare(&b);
    for (int round = 1; round <= KILL_ROUNDS; round++) {
        pid_t pid = killed_start(&b);
        int64_t limit_ms = clock_mono_ms() + AWAIT_LIMIT_MS;
        int want = round == KILL_ROUNDS ? KILL_NUMBERS : KILL_NUMBERS * round / (KILL_ROUNDS + 1);
        for (diary_read(&d, b.dir); d.effects < want; diary_read(&d, b.dir)) {
            CHECK(waitpid(pid, NULL, WNOHANG) == 0, "the child ended by itself");
            CHECK(clock_mono_ms() < limit_ms, "round %d: %d of %d", round, d.effects, want);
            usleep(2000);
        }
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    for (int i = 0; i < KILL_NUMBERS; i++)
        CHECK(d.effect[i], "%d is lost (delivered: %d)", i, d.delivered[i]);
    bed_clean(&b);
}

#define CONTRACT_TESTS                                                                                            \
    cmocka_unit_test(test_records_come_as_sent), cmocka_unit_test(test_keys_keep_their_order),                    \
        cmocka_unit_test(test_nothing_flows_before_the_start), cmocka_unit_test(test_starts_at_the_stored_offset), \
        cmocka_unit_test(test_starts_again_in_place), cmocka_unit_test(test_a_paused_partition_waits_alone),      \
        cmocka_unit_test(test_pausing_back_and_forth_loses_nothing),                                              \
        cmocka_unit_test(test_a_full_queue_refuses_and_calls_back),                                               \
        cmocka_unit_test(test_what_can_never_be_sent_is_invalid), cmocka_unit_test(test_the_largest_record_passes), \
        cmocka_unit_test(test_a_destroyed_producer_calls_nobody),                                                 \
        cmocka_unit_test(test_a_consumer_may_be_destroyed_inside_its_callback),                                   \
        cmocka_unit_test(test_a_consumer_closes_at_any_moment), cmocka_unit_test(test_dead_letters_come_as_sent), \
        cmocka_unit_test(test_kill_loses_nothing)

#endif
