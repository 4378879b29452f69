/* Effects in offset order, with their positions, against a real Redis and the local driver: whatever order the work ends in,
 * whoever wrote a position meanwhile, and Redis away, back, or older. */
#include "pipeline/inorder.h"

#include "base/hash.h"
#include "pipeline/stream_driver.h"
#include "tests/unit/stage_rig.h"

/* The effect: the record's value is put at the end of a list; a repeat would be seen. */
static struct redis_script effect = { .name = "effect", .source = "local stored = redis.call('GET', KEYS[2]) or ''\n"
                                                                  "if stored ~= ARGV[1] then return {0, stored} end\n"
                                                                  "redis.call('SET', KEYS[2], ARGV[2])\n"
                                                                  "redis.call('RPUSH', KEYS[1], ARGV[3])\n"
                                                                  "return {1, 'done'}\n" };

struct piece {
    struct inorder_item *item;
    struct record *record;
    char value[32];
};

static struct rig rig;
static struct stream *input;
static struct redis *redis;
static struct inorder *inorder;
static struct piece *pieces[512];
static size_t piece_count, applied, dropped;
static bool drained, redis_closed;
static enum topic topic;
static enum { ALL_AT_ONCE, BY_HAND, EVERY_THIRD } mode;

static void forget_piece(struct piece *p)
{
    size_t i = 0;
    while (i < piece_count && pieces[i] != p)
        i++;
    assert_true(i < piece_count);
    memmove(pieces + i, pieces + i + 1, (piece_count - i - 1) * sizeof(*pieces));
    piece_count--;
    record_release(p->record);
    free(p);
}

static void on_record(void *arg, struct inorder_item *it, struct record *r)
{
    struct piece *p = xcalloc(1, sizeof(*p));

    (void)arg;
    p->item = it;
    p->record = r;
    snprintf(p->value, sizeof(p->value), "%.*s", (int)r->value_len, (const char *)r->value);
    CHECK(piece_count < COUNT(pieces), "too many pieces are held");
    pieces[piece_count++] = p;
    inorder_set_work(it, p);
    if (mode == ALL_AT_ONCE) {
        inorder_ready(it);
    } else if (mode == EVERY_THIRD) {
        if (atoi(p->value) % 3 == 0) {
            inorder_ready(it);
        } else {
            inorder_skip(it);
            forget_piece(p);
        }
    }
}

static void on_turn(void *arg, void *work, struct inorder_item *it)
{
    struct piece *p = work;
    const char *argv[] = { "list", p->value };
    (void)arg;
    inorder_apply(it, &effect, 1, 2, argv, NULL);
}

static void on_applied(void *arg, void *work, const redisReply *reply)
{
    (void)arg;
    assert_string_equal(reply->element[1]->str, "done");
    applied++;
    forget_piece(work);
}

static void on_dropped(void *arg, void *work)
{
    (void)arg;
    dropped++;
    forget_piece(work);
}

static void up(void *arg) { (void)arg; inorder_redis_up(inorder); }
static void down(void *arg) { (void)arg; inorder_redis_down(inorder); }
static void changed(void *arg) { (void)arg; inorder_redis_changed(inorder); }

static void open_inorder(size_t max_items)
{
    struct redis_callbacks connection = { up, down, changed, NULL };
    struct inorder_callbacks callbacks = { on_record, on_turn, on_applied, on_dropped, rig_on_fatal, &rig };
    struct inorder_options options = { .topic = topic, .group = "g", .prefix = "t", .max_items = max_items };
    struct error err;

    redis = redis_create(&rig.loop, rig.redis.socket, NULL, &connection, &err);
    CHECK(redis, "%s", err.message);
    inorder = inorder_create(input, &rig.loop, redis, &options, &callbacks, &err);
    CHECK(inorder, "%s", err.message);
}

static void on_redis_closed(void *arg) { (void)arg; redis_closed = true; }

static void close_inorder(void)
{
    inorder_destroy(inorder);
    assert_int_equal(piece_count, 0);
    redis_closed = false;
    redis_close(redis, on_redis_closed, NULL);
    RUN_UNTIL(&rig.loop, redis_closed);
    redis_destroy(redis);
    inorder = NULL;
}

static int begin(void **state)
{
    (void)state;
    rig_init(&rig, NULL);
    input = rig.stream;
    mode = ALL_AT_ONCE;
    topic = TOPIC_PAGES;
    applied = dropped = 0;
    drained = false;
    return 0;
}

static int end(void **state)
{
    (void)state;
    if (inorder) /* the test failed */
        close_inorder();
    rig_fini(&rig);
    return 0;
}

/* One partition: the same key. */
static void send_numbers(int from, int to)
{
    struct id id = id_of("k", 1);
    char value[32];

    for (int i = from; i < to; i++) {
        snprintf(value, sizeof(value), "%d", i);
        struct record r = { .topic = topic, .key = id.hex, .key_len = ID_HEX_LEN, .value = value, .value_len = strlen(value) };
        rig_send(&rig, &r);
    }
}

static const char *position_key(void)
{
    static struct key key;
    struct id id = id_of("k", 1);
    key = key_position("t", topic_name(topic), stream_partition_of(rig.stream, topic, id.hex, ID_HEX_LEN));
    return key.s;
}

/* The list is from, from + step, … in order. */
static void check_list(int from, int to, int step)
{
    redisReply *r = redis_server_ask(&rig.redis, "LRANGE list 0 -1");
    CHECK(r->elements == (size_t)((to - from + step - 1) / step), "%zu effects", r->elements);
    for (size_t i = 0; i < r->elements; i++)
        CHECK(atoi(r->element[i]->str) == from + (int)i * step, "effect %zu is %s", i, r->element[i]->str);
    freeReplyObject(r);
}

static void effects_and_position(void **state)
{
    (void)state;
    open_inorder(0);
    send_numbers(0, 300);
    RUN_UNTIL(&rig.loop, applied == 300 && rig.delivered == 300);
    check_list(0, 300, 1);
    assert_int_equal(redis_server_number(&rig.redis, "GET %s", position_key()), 300);
    close_inorder();
    open_inorder(0); /* goes on where it stopped */
    send_numbers(300, 310);
    RUN_UNTIL(&rig.loop, rig.delivered == 310);
    check_list(0, 310, 1);
    assert_int_equal(dropped, 0);
    close_inorder();
}

static void order_of_work_does_not_matter(void **state)
{
    (void)state;
    mode = BY_HAND;
    open_inorder(100);
    send_numbers(0, 100);
    RUN_UNTIL(&rig.loop, piece_count == 100);
    struct piece *held[100];
    memcpy(held, pieces, sizeof(held));
    for (int i = 99; i > 0; i--)
        inorder_ready(held[i]->item);
    for (int i = 0; i < 20; i++)
        uv_run(&rig.loop, UV_RUN_NOWAIT);
    assert_int_equal(applied, 0);
    assert_int_equal(inorder_held(inorder), 100);
    inorder_ready(held[0]->item);
    RUN_UNTIL(&rig.loop, applied == 100);
    check_list(0, 100, 1);
    close_inorder();
}

static void what_is_skipped_moves_the_position(void **state)
{
    (void)state;
    mode = EVERY_THIRD;
    open_inorder(0);
    send_numbers(0, 200); /* 199 is no effect: a bare position */
    RUN_UNTIL(&rig.loop, rig.delivered == 200);
    check_list(0, 200, 3);
    assert_int_equal(redis_server_number(&rig.redis, "GET %s", position_key()), 200);
    close_inorder();
}

static void skips_behind_unfinished_work_wait(void **state)
{
    (void)state;
    mode = BY_HAND;
    open_inorder(0);
    send_numbers(0, 3);
    RUN_UNTIL(&rig.loop, piece_count == 3);
    struct piece *held[3];
    memcpy(held, pieces, sizeof(held));
    for (int i = 1; i < 3; i++) {
        inorder_skip(held[i]->item);
        forget_piece(held[i]);
    }
    for (int i = 0; i < 20; i++)
        uv_run(&rig.loop, UV_RUN_NOWAIT);
    assert_int_equal(redis_server_number(&rig.redis, "EXISTS %s", position_key()), 0);
    inorder_ready(held[0]->item);
    RUN_UNTIL(&rig.loop, rig.delivered == 3);
    check_list(0, 1, 1);
    assert_int_equal(redis_server_number(&rig.redis, "GET %s", position_key()), 3);
    close_inorder();
}

static void another_workers_position_is_kept(void **state)
{
    (void)state;
    open_inorder(0);
    send_numbers(0, 10);
    RUN_UNTIL(&rig.loop, rig.delivered == 10);
    freeReplyObject(redis_server_ask(&rig.redis, "SET %s 12", position_key())); /* somebody did 10 and 11 */
    send_numbers(10, 20);
    RUN_UNTIL(&rig.loop, rig.delivered == 20);
    assert_true(dropped > 0);
    redisReply *r = redis_server_ask(&rig.redis, "LRANGE list 0 -1");
    assert_int_equal(r->elements, 18);
    assert_string_equal(r->element[9]->str, "9");
    assert_string_equal(r->element[10]->str, "12");
    freeReplyObject(r);
    close_inorder();
}

static void redis_goes_and_comes(void **state)
{
    (void)state;
    open_inorder(0);
    send_numbers(0, 50);
    RUN_UNTIL(&rig.loop, applied == 50);
    redis_server_kill(&rig.redis);
    RUN_UNTIL(&rig.loop, !redis_connected(redis));
    send_numbers(50, 100);
    for (int i = 0; i < 20; i++)
        uv_run(&rig.loop, UV_RUN_NOWAIT);
    assert_int_equal(piece_count, 0); /* nothing is taken while it is away */
    redis_server_start(&rig.redis);
    RUN_UNTIL(&rig.loop, rig.delivered == 100);
    check_list(0, 100, 1);
    close_inorder();
}

static void killed_amid_effects(void **state)
{
    (void)state;
    open_inorder(0);
    for (int round = 0; round < 5; round++) {
        size_t before = applied;
        send_numbers(round * 200, round * 200 + 200);
        RUN_UNTIL(&rig.loop, applied > before);
        redis_server_kill(&rig.redis);
        redis_server_start(&rig.redis);
    }
    RUN_UNTIL(&rig.loop, rig.delivered == 1000);
    check_list(0, 1000, 1);
    close_inorder();
}

/* It comes back without the last effects: they are done again, though the stream had counted them as done. */
static void an_older_redis(void **state)
{
    char command[256];

    (void)state;
    mode = BY_HAND;
    open_inorder(0);
    send_numbers(0, 5);
    RUN_UNTIL(&rig.loop, piece_count == 5);
    for (int i = 0; i < 3; i++) /* 3 and 4 stay in the stream */
        inorder_ready(pieces[i]->item);
    RUN_UNTIL(&rig.loop, applied == 3);
    mode = ALL_AT_ONCE;
    snprintf(command, sizeof(command), "cp -r %s/appendonlydir %s/before", rig.redis.dir, rig.redis.dir);
    assert_int_equal(system(command), 0);
    inorder_ready(pieces[0]->item);
    RUN_UNTIL(&rig.loop, applied == 4);
    redis_server_kill(&rig.redis);
    snprintf(command, sizeof(command), "rm -rf %s/appendonlydir; mv %s/before %s/appendonlydir", rig.redis.dir, rig.redis.dir,
             rig.redis.dir);
    assert_int_equal(system(command), 0);
    redis_server_start(&rig.redis);
    send_numbers(5, 8);
    RUN_UNTIL(&rig.loop, rig.delivered == 8);
    redisReply *r = redis_server_ask(&rig.redis, "LRANGE list 0 -1");
    /* 3 was reported as delivered before: the local driver does not hold it any more; Kafka would give it again. */
    assert_int_equal(r->elements, 7);
    assert_string_equal(r->element[2]->str, "2");
    assert_string_equal(r->element[3]->str, "4");
    freeReplyObject(r);
    assert_true(dropped > 0);
    close_inorder();
}

static void holds_no_more_than_it_may(void **state)
{
    (void)state;
    mode = BY_HAND;
    open_inorder(10);
    send_numbers(0, 100);
    RUN_UNTIL(&rig.loop, piece_count >= 10);
    for (int i = 0; i < 50; i++)
        uv_run(&rig.loop, UV_RUN_NOWAIT);
    assert_int_equal(piece_count, 10);
    mode = ALL_AT_ONCE;
    for (int i = 9; i >= 0; i--)
        inorder_ready(pieces[i]->item);
    RUN_UNTIL(&rig.loop, rig.delivered == 100);
    check_list(0, 100, 1);
    close_inorder();
}

static void on_drained(void *arg)
{
    (void)arg;
    drained = true;
}

static void drain_finishes_what_is_in_work(void **state)
{
    (void)state;
    mode = BY_HAND;
    open_inorder(0);
    send_numbers(0, 4);
    RUN_UNTIL(&rig.loop, piece_count == 4);
    inorder_drain(inorder, 20000, on_drained, NULL);
    send_numbers(4, 8);
    for (int i = 0; i < 20; i++)
        uv_run(&rig.loop, UV_RUN_NOWAIT);
    assert_int_equal(piece_count, 4);
    assert_false(drained);
    for (int i = 3; i >= 0; i--)
        inorder_ready(pieces[i]->item);
    RUN_UNTIL(&rig.loop, drained);
    check_list(0, 4, 1);
    assert_int_equal(rig.delivered, 4);
    close_inorder();
}

static void drain_gives_up_what_takes_too_long(void **state)
{
    (void)state;
    mode = BY_HAND;
    open_inorder(0);
    send_numbers(0, 4);
    RUN_UNTIL(&rig.loop, piece_count == 4);
    inorder_drain(inorder, 1, on_drained, NULL);
    RUN_UNTIL(&rig.loop, drained);
    assert_int_equal(dropped, 4);
    check_list(0, 0, 1);
    close_inorder();
}

static void a_position_that_is_none_is_fatal(void **state)
{
    (void)state;
    freeReplyObject(redis_server_ask(&rig.redis, "SET %s nonsense", position_key()));
    open_inorder(0);
    RUN_UNTIL(&rig.loop, rig.failed);
    assert_non_null(strstr(rig.fatal.message, position_key()));
    rig.failed = false;
    close_inorder();
}

/* Somebody made the topic anew: what is in it now is read, from its beginning. */
static void a_position_beyond_the_end(void **state)
{
    (void)state;
    topic = TOPIC_EVENTS;
    send_numbers(0, 10);
    freeReplyObject(redis_server_ask(&rig.redis, "SET %s 1000000", position_key()));
    open_inorder(0);
    RUN_UNTIL(&rig.loop, applied == 10);
    check_list(0, 10, 1);
    long long position = redis_server_number(&rig.redis, "GET %s", position_key());
    CHECK(position > 0 && position < 1000000, "%lld", position);
    close_inorder();
    open_inorder(0);
    send_numbers(10, 20);
    RUN_UNTIL(&rig.loop, applied == 20);
    check_list(0, 20, 1);
    close_inorder();
}

/* --- a consumer group that the test plays --- */

static struct group {
    struct stream stream;
    struct consumer consumer;
    struct consumer_callbacks callbacks;
    size_t started, answered; /* consumer_start(), consumer_revoked() */
} group;

static int32_t group_partitions(const struct stream *s, enum topic t) { (void)s, (void)t; return 3; }
static void group_start(struct consumer *c, int32_t p, int64_t offset) { (void)c, (void)p, (void)offset; group.started++; }
static void group_revoked(struct consumer *c) { (void)c; group.answered++; }
static void group_pause(struct consumer *c, int32_t p) { (void)c, (void)p; }
static void group_done(struct consumer *c, int32_t p, int64_t offset) { (void)c, (void)p, (void)offset; }
static bool group_ready(const struct consumer *c) { (void)c; return true; }
static int64_t group_lag(const struct consumer *c) { (void)c; return 0; }
static void group_destroy(struct consumer *c) { (void)c; }

static struct consumer *group_consumer(struct stream *s, uv_loop_t *loop, enum topic t, const char *name,
                                       const struct consumer_callbacks *callbacks, struct error *err)
{
    static const struct consumer_driver driver = { group_start, group_revoked, group_pause, group_pause, group_done,
                                                   group_ready, group_lag, NULL, group_destroy };
    (void)s, (void)loop, (void)t, (void)name, (void)err;
    group.callbacks = *callbacks;
    group.consumer.driver = &driver;
    return &group.consumer;
}

static void group_give(int64_t offset)
{
    struct record r = { .topic = topic, .offset = offset, .value = "0", .value_len = 1 };
    group.callbacks.on_record(group.callbacks.arg, record_copy(&r));
}

/* The loop stood still while a revocation was to be answered: the group goes on without us, and gives us partitions anew. What we
 * held of them is dropped, and their lanes begin anew; the answer that came to nothing is not given later. */
static void a_group_that_did_not_wait(void **state)
{
    static const struct stream_driver driver = { .partitions = group_partitions, .consumer_create = group_consumer };
    static const int32_t first[] = { 0, 1 }, second[] = { 0, 2 };
    (void)state;
    mode = BY_HAND;
    group = (struct group){ .stream.driver = &driver };
    input = &group.stream;
    open_inorder(0);
    group.callbacks.on_assigned(group.callbacks.arg, first, 2);
    RUN_UNTIL(&rig.loop, group.started == 2);
    group_give(0);
    group_give(1);
    group.callbacks.on_revoked(group.callbacks.arg, first, 2, false);
    assert_int_equal(group.answered, 0); /* two are in work */
    group.callbacks.on_assigned(group.callbacks.arg, second, 2);
    assert_int_equal(dropped, 2);
    RUN_UNTIL(&rig.loop, group.started == 4);
    mode = ALL_AT_ONCE;
    group_give(0);
    RUN_UNTIL(&rig.loop, applied == 1);
    assert_int_equal(group.answered, 0);
    group.callbacks.on_revoked(group.callbacks.arg, second, 2, false);
    RUN_UNTIL(&rig.loop, group.answered == 1); /* nothing is in work */
    close_inorder();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(effects_and_position),
        TEST(order_of_work_does_not_matter),
        TEST(what_is_skipped_moves_the_position),
        TEST(skips_behind_unfinished_work_wait),
        TEST(another_workers_position_is_kept),
        TEST(redis_goes_and_comes),
        TEST(killed_amid_effects),
        TEST(an_older_redis),
        TEST(holds_no_more_than_it_may),
        TEST(drain_finishes_what_is_in_work),
        TEST(drain_gives_up_what_takes_too_long),
        TEST(a_position_that_is_none_is_fatal),
        TEST(a_position_beyond_the_end),
        TEST(a_group_that_did_not_wait),
    };
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
