/* door_test.c - what becomes of a request that cannot be read when its dead letter fails too. */
#include "crawler/door.h"

#include "base/mem.h"
#include "pipeline/deadletter.h"
#include "pipeline/inorder.h"
#include "pipeline/stream_driver.h"
#include "tests/unit/check.h"

static struct inorder_callbacks door;
static const struct error *failure; /* of the dead letter; NULL: none */
static bool accepted;               /* it fails in its report, not when it is sent */
static int skipped, restarted, fatal, lost;
static void *work;

struct inorder *inorder_create(struct stream *s, uv_loop_t *loop, struct redis *r, const struct inorder_options *options,
                               const struct inorder_callbacks *callbacks, struct error *err)
{
    (void)s, (void)loop, (void)r, (void)options, (void)err;
    door = *callbacks;
    return (struct inorder *)&door;
}

void inorder_destroy(struct inorder *o) { (void)o; }
void inorder_redis_up(struct inorder *o) { (void)o; }
void inorder_redis_down(struct inorder *o) { (void)o; }
void inorder_redis_changed(struct inorder *o) { (void)o; }
bool inorder_started(const struct inorder *o) { (void)o; return true; }
void inorder_drain(struct inorder *o, int64_t limit_ms, void (*done)(void *), void *arg) { (void)o, (void)limit_ms, done(arg); }
void inorder_set_work(struct inorder_item *it, void *w) { (void)it; work = w; }
void inorder_skip(struct inorder_item *it) { (void)it; skipped++; }
void inorder_restart(struct inorder_item *it) { (void)it; restarted++; door.on_dropped(door.arg, work); }

bool deadletter_send(struct producer *p, const struct deadletter *d, producer_delivery_fn *on_delivery, void *arg, struct error *err)
{
    (void)p;
    if (accepted)
        on_delivery(arg, d->record, failure);
    else if (failure)
        *err = *failure;
    return accepted;
}

void deadletter_lost(const struct record *r, const struct error *why) { (void)r; lost += why != NULL; }

static void on_fatal(void *arg, const struct error *err)
{
    (void)arg, (void)err;
    fatal++;
}

static void a_dead_letter_that_fails(void **state)
{
    static const struct { const char *name; bool accepted; int kind, skipped, restarted, fatal, lost; } rows[] = {
        { "delivered",         true,  -1,              1, 0, 0, 0 }, { "full",             false, ERROR_LIMIT,     0, 1, 0, 0 },
        { "never to be sent",  false, ERROR_INVALID,   1, 0, 0, 1 }, { "not now",          false, ERROR_TRANSIENT, 0, 1, 0, 0 },
        { "producer is dead",  false, ERROR_SYSTEM,    0, 0, 1, 0 }, { "refused",          true,  ERROR_INVALID,   1, 0, 0, 1 },
        { "not now, reported", true,  ERROR_TRANSIENT, 0, 1, 0, 0 }, { "dead, reported",   true,  ERROR_SYSTEM,    0, 0, 1, 0 },
    };
    struct config config = { .prefix = "t" };
    struct crawl crawl = { .config = &config };
    struct record bad = { .topic = TOPIC_REQUESTS, .value = "no", .value_len = 2 };
    (void)state;
    struct door *d = door_create(&crawl, NULL, NULL, on_fatal, NULL, NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error err = { (enum error_kind)rows[i].kind, "no" };
        failure = rows[i].kind < 0 ? NULL : &err;
        accepted = rows[i].accepted;
        skipped = restarted = fatal = lost = 0;
        door.on_record(door.arg, (struct inorder_item *)&door, record_copy(&bad));
        CHECK(skipped == rows[i].skipped && restarted == rows[i].restarted && fatal == rows[i].fatal && lost == rows[i].lost,
              "%s: %d %d %d %d", rows[i].name, skipped, restarted, fatal, lost);
        if (fatal)
            door.on_dropped(door.arg, work); /* by the end of the process */
    }
    door_destroy(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_dead_letter_that_fails) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
