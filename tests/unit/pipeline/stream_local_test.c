/* stream_local_test.c - the local driver: the contract of streams, and what is its own: loops on several threads, and
 * events and dead letters as files. */
#include "tests/unit/pipeline/stream_contract.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/resource.h>

/* --- the bed --- */

static void bed_prepare(struct bed *b)
{
    snprintf(b->dir, sizeof(b->dir), "/tmp/tidings-test-XXXXXX");
    CHECK(mkdtemp(b->dir), "mkdtemp");
}

static struct stream *bed_stream(struct bed *b, struct error *err)
{
    return stream_local_create(&b->config, b->dir, err);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)kind, (void)ftw;
    return remove(path);
}

static void bed_clean(struct bed *b)
{
    nftw(b->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* --- positions are the consumer's own --- */

/* After a restart the stored position is where numbering goes on; what was delivered is what has been stored. */
static void test_numbering_begins_at_the_stored_position(void **state)
{
    struct bed b;
    struct reader r;
    (void)state;
    bed_open(&b);
    reader_init(&r, &b);
    r.start_at[2] = 1000;
    r.done_at_once = false;
    send_numbers(&b, TOPIC_PAGES, key_for(&b, TOPIC_PAGES, 2), 0, 5);
    reader_create(&r, TOPIC_PAGES);
    AWAIT(&b, r.count == 5);
    check_numbers(&r, 2, 0, 5, 1000);
    turn_loop(&b, 20);
    assert_int_equal(b.delivered, 0); /* handed out is not done */
    consumer_done(r.c, 2, 1003);
    AWAIT(&b, b.delivered == 3);
    turn_loop(&b, 20);
    assert_int_equal(b.delivered, 3);
    assert_int_equal(producer_queued(b.producer), 2);
    assert_int_equal(consumer_lag(r.c), 2);
    reader_forget(&r);
    consumer_start(r.c, 2, 1004); /* Redis knew more than we were told */
    AWAIT(&b, r.count == 1 && b.delivered == 4);
    check_numbers(&r, 2, 4, 1, 1004);
    reader_forget(&r);
    consumer_start(r.c, 2, 40); /* a Redis that came back older: what is kept is not done */
    AWAIT(&b, r.count == 1);
    check_numbers(&r, 2, 4, 1, 1004);
    consumer_done(r.c, 2, 1005);
    AWAIT(&b, b.delivered == 5);
    reader_close(&r);
    bed_close(&b);
}

/* Who waits for room on `articles` hears of it though `pages` is full: it is the extractor, who empties `pages`. */
static void test_space_is_of_one_topic(void **state)
{
    struct bed b;
    struct reader r;
    static char body[200000];
    (void)state;
    bed_open(&b);
    for (int t = TOPIC_PAGES; t <= TOPIC_ARTICLES; t++)
        while (try_send(&b, (enum topic)t, "k", body, sizeof(body), NULL))
            ;
    reader_init(&r, &b);
    reader_create(&r, TOPIC_ARTICLES);
    AWAIT(&b, b.space);
    b.space = false;
    reader_close(&r);
    reader_create(&r, TOPIC_PAGES);
    AWAIT(&b, b.space);
    reader_close(&r);
    bed_close(&b);
}

static void test_a_topic_has_one_consumer(void **state)
{
    struct bed b;
    struct reader r;
    struct consumer_callbacks callbacks = { 0 };
    struct error err;
    (void)state;
    bed_open(&b);
    for (int t = 0; t < TOPIC_COUNT; t++) {
        reader_init(&r, &b);
        reader_create(&r, (enum topic)t);
        assert_null(consumer_create(b.stream, &b.loop, (enum topic)t, "test", &callbacks, &err));
        CHECK(err.kind == ERROR_SYSTEM, "%s", err.message);
        reader_close(&r);
    }
    bed_close(&b);
}

/* --- loops on several threads --- */

#define THREAD_RECORDS 4000

struct sender { /* a producer with its own loop and thread */
    struct bed *b;
    uv_loop_t loop;
    uv_thread_t thread;
    struct producer *producer;
    int first, sent, delivered;
    enum topic topic;
};

static void sender_delivered(void *arg, const struct record *r, const struct error *err)
{
    struct sender *s = arg;
    CHECK(!err && r->value, "delivery");
    if (++s->delivered == THREAD_RECORDS) {
        producer_destroy(s->producer);
        s->producer = NULL;
    }
}

static void sender_send(void *arg)
{
    struct sender *s = arg;
    for (; s->sent < THREAD_RECORDS; s->sent++) {
        char key[16], value[600] = "";
        snprintf(key, sizeof(key), "%d", s->first + s->sent % 5);
        snprintf(value, sizeof(value), "%d %d", s->first, s->sent);
        struct record r = { .topic = s->topic, .key = key, .key_len = strlen(key), .value = value, .value_len = sizeof(value) };
        if (!producer_send(s->producer, &r, sender_delivered, s, NULL))
            return;
    }
}

static void sender_run(void *arg)
{
    struct sender *s = arg;
    struct error err = { .message = "" };
    uv_loop_init(&s->loop);
    s->producer = producer_create(s->b->stream, &s->loop, &err);
    CHECK(s->producer, "%s", err.message);
    producer_on_space(s->producer, sender_send, s);
    sender_send(s);
    uv_run(&s->loop, UV_RUN_DEFAULT);
    CHECK(uv_loop_close(&s->loop) == 0, "a handle is left open");
}

static void check_order_of_senders(const struct reader *r)
{
    static int last[32][8];
    memset(last, 0xff, sizeof(last));
    for (size_t i = 0; i < r->count; i++) {
        int first, n;
        CHECK(sscanf(r->records[i]->value, "%d %d", &first, &n) == 2, "record %zu", i);
        CHECK(n > last[first / 10][n % 5], "sender %d: %d after %d", first, n, last[first / 10][n % 5]);
        last[first / 10][n % 5] = n;
    }
}

static void loops_of_several_threads(enum topic topic)
{
    struct bed b;
    struct reader r;
    struct sender senders[3];
    bed_open(&b);
    reader_init(&r, &b);
    reader_create(&r, topic);
    for (size_t i = 0; i < COUNT(senders); i++) {
        senders[i] = (struct sender){ .b = &b, .first = (int)i * 10, .topic = topic };
        uv_thread_create(&senders[i].thread, sender_run, &senders[i]);
    }
    AWAIT(&b, r.count == COUNT(senders) * THREAD_RECORDS);
    for (size_t i = 0; i < COUNT(senders); i++)
        uv_thread_join(&senders[i].thread);
    check_order_of_senders(&r);
    assert_int_equal(consumer_lag(r.c), 0);
    reader_close(&r);
    bed_close(&b);
}

static void test_loops_of_several_threads(void **state)
{
    (void)state;
    loops_of_several_threads(TOPIC_PAGES);
}

static void test_loops_of_several_threads_on_a_file(void **state)
{
    (void)state;
    loops_of_several_threads(TOPIC_EVENTS);
}

/* --- events and dead letters as files --- */

static void test_a_files_record_is_delivered_once_appended(void **state)
{
    struct bed b;
    struct reader r;
    (void)state;
    bed_open(&b);
    send_numbers(&b, TOPIC_EVENTS, "k", 0, 10);
    AWAIT(&b, b.delivered == 10);
    reader_init(&r, &b);
    r.done_at_once = false;
    r.pause_after = 4;
    reader_create(&r, TOPIC_EVENTS);
    AWAIT(&b, r.count == 4);
    turn_loop(&b, 20);
    assert_int_equal(r.count, 4);
    assert_true(consumer_lag(r.c) > 0);
    r.pause_after = 0;
    consumer_resume(r.c, 0);
    AWAIT(&b, r.count == 10);
    int64_t third = r.records[3]->offset, last = r.records[9]->offset;
    consumer_done(r.c, 0, last + 1);
    assert_int_equal(consumer_lag(r.c), 0);
    reader_forget(&r);
    consumer_start(r.c, 0, third + 1); /* positions are behind a record: inside of its line */
    AWAIT(&b, r.count == 6);
    CHECK(is_text(r.records[0], "4"), "%.*s", (int)r.records[0]->value_len, (const char *)r.records[0]->value);
    reader_forget(&r);
    consumer_start(r.c, 0, last + 1);
    send_text(&b, TOPIC_EVENTS, "k", "new");
    AWAIT(&b, r.count == 1);
    CHECK(is_text(r.records[0], "new"), "%.*s", (int)r.records[0]->value_len, (const char *)r.records[0]->value);
    reader_close(&r);
    bed_close(&b);
}

/* A disk that is full: the limit of a file's size stands for it. */
static void test_a_full_disk_is_waited_for(void **state)
{
    struct bed b;
    struct reader r;
    struct error err = { .message = "" };
    struct rlimit before, small;
    static char body[4000];
    size_t sent = 0;
    (void)state;
    memset(body, 'x', sizeof(body));
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    small = before;
    small.rlim_cur = 20000;
    bed_open(&b);
    setrlimit(RLIMIT_FSIZE, &small);
    while (sent < 10000 && try_send(&b, TOPIC_DEADLETTERS, "k", body, sizeof(body), &err))
        sent++;
    CHECK(err.kind == ERROR_LIMIT && sent > 5 && sent < 10000, "%zu sent: %s", sent, err.message);
    assert_false(producer_reachable(b.producer));
    turn_loop(&b, 50);
    CHECK(b.delivered == 4, "%zu", b.delivered); /* what fitted */
    setrlimit(RLIMIT_FSIZE, &before);
    AWAIT(&b, b.delivered == sent && b.space);
    assert_true(producer_reachable(b.producer));
    reader_init(&r, &b);
    reader_create(&r, TOPIC_DEADLETTERS);
    AWAIT(&b, r.count == sent);
    reader_close(&r);
    bed_close(&b);
}

int main(int argc, char **argv)
{
    if (argc >= 4 && strcmp(argv[1], "child") == 0)
        return killed_main(argv[2], argv[3]);
    const struct CMUnitTest tests[] = {
        CONTRACT_TESTS,
        cmocka_unit_test(test_numbering_begins_at_the_stored_position),
        cmocka_unit_test(test_space_is_of_one_topic),
        cmocka_unit_test(test_a_topic_has_one_consumer),
        cmocka_unit_test(test_loops_of_several_threads),
        cmocka_unit_test(test_loops_of_several_threads_on_a_file),
        cmocka_unit_test(test_a_files_record_is_delivered_once_appended),
        cmocka_unit_test(test_a_full_disk_is_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
