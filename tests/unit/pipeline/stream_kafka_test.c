/* stream_kafka_test.c - the kafka driver against a real broker: the contract of streams, and what is its own: groups, and a
 * broker that goes away. */
#include "tests/unit/kafka_own.h"
#include "tests/unit/pipeline/stream_contract.h"

/* --- the bed --- */

static void bed_prepare(struct bed *b)
{
    static int turn;
    struct error err = { .message = "" };
    snprintf(b->prefix, sizeof(b->prefix), "test%d", ++turn);
    snprintf(b->dir, sizeof(b->dir), "/tmp/tidings-test-XXXXXX");
    CHECK(mkdtemp(b->dir), "mkdtemp");
    b->config.prefix = b->prefix;
    b->config.kafka.bootstrap = kafka.address;
    json_t *made = topics_create(&b->config, &err);
    CHECK(made && json_array_size(made) == TOPIC_COUNT, "%s", err.message);
    json_decref(made);
}

static struct stream *bed_stream(struct bed *b, struct error *err)
{
    b->config.prefix = b->prefix;
    static struct config_property soon = { (char *)"session.timeout.ms", (char *)"6000" }; /* the least that a broker allows */
    b->config.kafka.bootstrap = kafka.address;
    b->config.kafka.properties = &soon;
    b->config.kafka.property_count = 1;
    return stream_kafka_create(&b->config, "test", err);
}

static void bed_clean(struct bed *b)
{
    char line[96];
    snprintf(line, sizeof(line), "rm -rf %s", b->dir);
    CHECK(system(line) == 0, "%s", line);
}

/* --- groups --- */

static void clear(int64_t stored[PARTITIONS_MAX])
{
    for (int i = 0; i < PARTITIONS_MAX; i++)
        stored[i] = -1;
}

/* Records first … first + 9 to each of the 24 partitions. */
static void send_everywhere(struct bed *b, int first)
{
    for (int32_t p = 0; p < 24; p++)
        send_numbers(b, TOPIC_PAGES, key_for(b, TOPIC_PAGES, p), first, first + 10);
}

/* What readers have of a partition together is 0, 1, 2 … with no gap and no repeat. */
static void check_together(const struct reader *readers, size_t count, int each)
{
    for (int32_t p = 0; p < 24; p++) {
        bool seen[200] = { false };
        int n = 0;
        for (size_t i = 0; i < count; i++)
            for (size_t k = 0; k < readers[i].count; k++)
                if (readers[i].records[k]->partition == p) {
                    int number = atoi(readers[i].records[k]->value);
                    CHECK(!seen[number], "partition %d: %d came twice", p, number);
                    seen[number] = true;
                    n++;
                }
        CHECK(n == each, "partition %d: %d records, not %d", p, n, each);
    }
}

static void test_a_group_shares_partitions(void **state)
{
    struct bed b;
    struct reader r[2];
    int64_t stored[PARTITIONS_MAX];
    (void)state;
    bed_open(&b);
    clear(stored);
    for (int i = 0; i < 2; i++) {
        reader_init(&r[i], &b);
        r[i].stored = stored;
    }
    reader_create(&r[0], TOPIC_PAGES);
    send_everywhere(&b, 0);
    AWAIT(&b, r[0].count == 240);
    reader_create(&r[1], TOPIC_PAGES);
    AWAIT(&b, r[0].assigned_count == 12 && r[1].assigned_count == 12);
    assert_int_equal(r[0].revocations, 1);
    send_everywhere(&b, 10);
    AWAIT(&b, r[0].count + r[1].count == 480);
    assert_int_equal(r[1].count, 120);
    reader_leave(&r[1]);
    send_everywhere(&b, 20);
    AWAIT(&b, r[0].assigned_count == 24 && r[0].count + r[1].count == 720);
    check_together(r, 2, 30);
    reader_close(&r[0]);
    reader_close(&r[1]);
    bed_close(&b);
}

/* Work that is not finished holds the partitions back; what is done before the answer is where the next one begins. */
static void test_a_revocation_waits_for_the_work(void **state)
{
    struct bed b;
    struct reader r[2];
    int64_t stored[PARTITIONS_MAX];
    (void)state;
    bed_open(&b);
    clear(stored);
    for (int i = 0; i < 2; i++) {
        reader_init(&r[i], &b);
        r[i].stored = stored;
    }
    r[0].keep_revoked = true;
    reader_create(&r[0], TOPIC_PAGES);
    send_everywhere(&b, 0);
    AWAIT(&b, r[0].count == 240);
    reader_create(&r[1], TOPIC_PAGES);
    AWAIT(&b, r[0].revocations == 1);
    send_everywhere(&b, 10); /* does not reach r[0] any more, and nobody else yet */
    AWAIT(&b, b.delivered == 480);
    turn_loop(&b, 100);
    assert_int_equal(r[1].assignments, 0);
    size_t before = r[0].count;
    consumer_revoked(r[0].c);
    AWAIT(&b, r[0].assigned_count == 12 && r[1].assigned_count == 12);
    AWAIT(&b, r[0].count + r[1].count == 480);
    CHECK(before < 480, "%zu", before);
    check_together(r, 2, 20);
    reader_close(&r[0]);
    reader_close(&r[1]);
    bed_close(&b);
}

static void test_closing_answers_a_revocation(void **state)
{
    struct bed b;
    struct reader r[2];
    int64_t stored[PARTITIONS_MAX];
    (void)state;
    bed_open(&b);
    clear(stored);
    for (int i = 0; i < 2; i++) {
        reader_init(&r[i], &b);
        r[i].stored = stored;
    }
    r[0].keep_revoked = true;
    reader_create(&r[0], TOPIC_PAGES);
    AWAIT(&b, r[0].assigned_count == 24);
    reader_create(&r[1], TOPIC_PAGES);
    AWAIT(&b, r[0].revocations == 1);
    reader_close(&r[0]);
    AWAIT(&b, r[1].assigned_count == 24);
    reader_close(&r[1]);
    bed_close(&b);
}

/* A second process with the same group.instance.id: the first one must end. */
static void test_a_fenced_member_is_told_to_end(void **state)
{
    struct bed b;
    struct reader r[2];
    (void)state;
    bed_open(&b);
    b.config.kafka.group_instance_id = "one";
    for (int i = 0; i < 2; i++)
        reader_init(&r[i], &b);
    reader_create(&r[0], TOPIC_PAGES);
    AWAIT(&b, r[0].assigned_count == 24);
    reader_create(&r[1], TOPIC_PAGES);
    AWAIT(&b, r[0].fatal.message[0] && r[1].assigned_count == 24);
    CHECK(r[0].fatal.kind == ERROR_SYSTEM && strstr(r[0].fatal.message, "pages"), "%s", r[0].fatal.message);
    reader_close(&r[0]);
    reader_close(&r[1]);
    bed_close(&b);
}

/* --- positions --- */

static void test_a_position_that_is_gone_starts_at_the_first_kept(void **state)
{
    struct bed b;
    struct reader r;
    (void)state;
    bed_open(&b);
    send_numbers(&b, TOPIC_PAGES, key_for(&b, TOPIC_PAGES, 6), 0, 5);
    AWAIT(&b, b.delivered == 5);
    reader_init(&r, &b);
    r.start_at[6] = 1000000;
    reader_create(&r, TOPIC_PAGES);
    AWAIT(&b, r.count == 5);
    check_numbers(&r, 6, 0, 5, 0);
    reader_close(&r);
    bed_close(&b);
}

/* --- pausing for long, which librdkafka is told --- */

static void test_a_long_pause_takes_no_memory_and_loses_nothing(void **state)
{
    struct bed b;
    struct reader r;
    static char body[100000];
    struct error err;
    (void)state;
    bed_open(&b);
    reader_init(&r, &b);
    r.pause_after = 1;
    reader_create(&r, TOPIC_PAGES);
    for (int i = 0; i < 50; i++) { /* 5 MB: more than is put aside */
        snprintf(body, sizeof(body), "%d", i);
        CHECK(try_send(&b, TOPIC_PAGES, key_for(&b, TOPIC_PAGES, 9), body, sizeof(body), &err), "%s", err.message);
    }
    AWAIT(&b, r.count == 1 && b.delivered == 50);
    int64_t end_ms = clock_mono_ms() + 1600; /* beyond the time that is bridged */
    AWAIT(&b, clock_mono_ms() > end_ms);
    assert_int_equal(r.count, 1);
    send_numbers(&b, TOPIC_PAGES, key_for(&b, TOPIC_PAGES, 10), 0, 20); /* the others flow */
    AWAIT(&b, r.count == 21);
    consumer_resume(r.c, 9);
    AWAIT(&b, r.count == 70);
    check_numbers(&r, 10, 0, 20, 0);
    int next = 0;
    for (size_t i = 0; i < r.count; i++)
        if (r.records[i]->partition == 9)
            CHECK(atoi(r.records[i]->value) == next++, "%s after %d", (const char *)r.records[i]->value, next - 2);
    reader_close(&r);
    bed_close(&b);
}

/* --- a broker that goes away --- */

/* for_long: longer than the group keeps a member that it does not hear of. */
static void lose_the_broker(const char *how, bool for_long)
{
    struct bed b;
    struct reader r;
    int64_t stored[PARTITIONS_MAX];
    bed_open(&b);
    clear(stored);
    reader_init(&r, &b);
    r.stored = stored;
    reader_create(&r, TOPIC_PAGES);
    send_everywhere(&b, 0);
    AWAIT(&b, r.count == 240 && b.delivered == 240);
    assert_true(producer_reachable(b.producer));
    assert_int_equal(kafka_server_do(&kafka, how), 0);
    send_everywhere(&b, 10); /* waits in the queue */
    AWAIT(&b, !producer_reachable(b.producer));
    assert_int_equal(b.failed, 0);
    assert_int_equal(producer_queued(b.producer), 240);
    if (for_long)
        AWAIT(&b, r.revocations == 1);
    assert_int_equal(kafka_server_do(&kafka, "start"), 0);
    AWAIT(&b, b.delivered == 480 && r.count == 480 && producer_reachable(b.producer));
    assert_int_equal(b.failed, 0);
    check_together(&r, 1, 20);
    CHECK(!r.fatal.message[0], "%s", r.fatal.message);
    reader_close(&r);
    bed_close(&b);
}

static void test_a_broker_that_is_restarted(void **state)
{
    (void)state;
    lose_the_broker("stop", false);
}

static void test_a_broker_that_is_killed(void **state)
{
    (void)state;
    lose_the_broker("kill", false);
}

static void test_a_broker_that_is_away_for_long(void **state)
{
    (void)state;
    lose_the_broker("stop", true);
}

/* --- running --- */

int main(int argc, char **argv)
{
    if (argc >= 5 && strcmp(argv[1], "child") == 0) {
        snprintf(kafka.address, sizeof(kafka.address), "%s", argv[4]);
        return killed_main(argv[2], argv[3]);
    }
    const struct CMUnitTest tests[] = {
        CONTRACT_TESTS,
        cmocka_unit_test(test_a_group_shares_partitions),
        cmocka_unit_test(test_a_revocation_waits_for_the_work),
        cmocka_unit_test(test_closing_answers_a_revocation),
        cmocka_unit_test(test_a_fenced_member_is_told_to_end),
        cmocka_unit_test(test_a_position_that_is_gone_starts_at_the_first_kept),
        cmocka_unit_test(test_a_long_pause_takes_no_memory_and_loses_nothing),
        cmocka_unit_test(test_a_broker_that_is_restarted),
        cmocka_unit_test(test_a_broker_that_is_killed),
        cmocka_unit_test(test_a_broker_that_is_away_for_long),
    };
    cmocka_set_test_filter(getenv("TEST_FILTER")); /* a pattern, for looking into one */
    return cmocka_run_group_tests(tests, kafka_up, kafka_down);
}
