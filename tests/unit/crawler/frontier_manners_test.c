/* frontier_manners_test.c - a host's view: three workers that come, go and die, and never two requests of one budget within its
 * delay. The workers send nothing: a request is the moment a claim's start has come. TIDINGS_SEED repeats a run. */
#include "tests/unit/crawler/frontier_world.h"

#define DELAY_MS 120
#define LEASE_MS 600
#define HOSTS 6
#define PAGES 50
#define WORKERS 3
#define TOOK_MS 10 /* how long a request is under way */

struct visit { /* one claim of the test's crawler */
    struct worker *worker;
    struct claim *claim;
    uv_timer_t timer;
    int64_t sent_mono_ms;
};

static struct worker workers[WORKERS];
static unsigned seed;
static int names;
static int64_t last_sent[HOSTS], gap_sum[HOSTS];
static int sent[HOSTS], gaps[HOSTS];
static bool upset;       /* a worker died or came since: gaps are longer by right */
static size_t visiting;

static int host_of(const struct claim *c)
{
    return atoi(c->budget + strlen("host"));
}

static void visit_free(uv_handle_t *handle)
{
    free(handle->data);
    visiting--;
}

static void over(uv_timer_t *timer)
{
    struct visit *v = timer->data;
    if (v->claim) { /* else: the worker died, or lost it */
        frontier_ended(v->worker->f, v->claim, v->sent_mono_ms, NULL);
        worker_forget(v->worker, v->claim);
        v->claim->user = NULL;
        frontier_complete(v->worker->f, v->claim, &(struct result){ .completion = FRONTIER_CLOSE, .outcome = OUTCOME_ARTICLE });
    }
    uv_close((uv_handle_t *)timer, visit_free);
}

static void send_now(uv_timer_t *timer)
{
    struct visit *v = timer->data;
    int64_t now_ms = clock_mono_ms();
    if (v->claim && !frontier_may_start(v->worker->f, v->claim->partition)) { /* the lease is about to lapse */
        struct claim *c = v->claim;
        v->claim = NULL;
        worker_forget(v->worker, c);
        frontier_abandon(v->worker->f, c);
    }
    if (!v->claim) {
        over(timer);
        return;
    }
    int h = host_of(v->claim);
    CHECK(!last_sent[h] || now_ms - last_sent[h] >= DELAY_MS, "host%d.com was asked again after %" PRId64 " ms", h, now_ms - last_sent[h]);
    if (last_sent[h] && !upset) {
        gap_sum[h] += now_ms - last_sent[h];
        gaps[h]++;
    }
    last_sent[h] = v->sent_mono_ms = now_ms;
    sent[h]++;
    uv_timer_start(timer, over, TOOK_MS, 0);
}

/* Begins what was claimed since. */
static void visit_all(void)
{
    for (int i = 0; i < WORKERS; i++) {
        struct worker *w = &workers[i];
        for (size_t n = 0; n < w->count; n++) {
            struct claim *c = w->claims[n];
            if (c->user)
                continue;
            struct visit *v = xcalloc(1, sizeof(*v));
            *v = (struct visit){ .worker = w, .claim = c };
            c->user = v;
            visiting++;
            uv_timer_init(&loop, &v->timer);
            v->timer.data = v;
            int64_t wait_ms = c->start_mono_ms - clock_mono_ms();
            uv_update_time(&loop);
            uv_timer_start(&v->timer, send_now, wait_ms > 0 ? (uint64_t)wait_ms : 0, 0);
        }
        frontier_set_room(w->f, 20);
    }
}

static void on_lost_here(void *arg, int partition)
{
    struct worker *w = arg;
    for (size_t i = 0; i < w->count; i++) {
        struct visit *v = w->claims[i]->user;
        if (w->claims[i]->partition == partition && v)
            v->claim = NULL;
    }
    worker_on_lost(arg, partition);
}

static void forget_visits(struct worker *w, bool give_back)
{
    for (size_t i = 0; i < w->count; i++) {
        if (w->claims[i]->user)
            ((struct visit *)w->claims[i]->user)->claim = NULL;
        if (give_back)
            frontier_abandon(w->f, w->claims[i]);
    }
    w->count = 0;
}

static void start(struct worker *w)
{
    struct frontier_options o = quick;
    char name[32];
    snprintf(name, sizeof(name), "worker%d", names++);
    o.lease_ms = LEASE_MS;
    o.delay_ms = DELAY_MS;
    worker_lost = on_lost_here;
    worker_open_with(w, name, &o);
}

static bool all_done(void)
{
    return book("s", "outcomes", "article") == HOSTS * PAGES;
}

static void upset_somebody(void)
{
    struct worker *w = &workers[(unsigned)rand_r(&seed) % WORKERS];
    upset = true;
    bool drains = rand_r(&seed) % 2;
    forget_visits(w, drains); /* a drain in a hurry: what is under way is given back */
    if (drains)
        worker_drain(w);
    else
        worker_close(w);
    start(w);
}

static void test_manners(void **state)
{
    (void)state;
    const char *given = getenv("TIDINGS_SEED");
    seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)clock_unix_ms();
    print_message("TIDINGS_SEED=%u\n", seed);
    for (int i = 0; i < WORKERS; i++)
        start(&workers[i]);
    for (int i = 0; i < HOSTS * PAGES; i++) {
        char text[64];
        snprintf(text, sizeof(text), "https://host%d.com/%d", i % HOSTS, i / HOSTS);
        discover(&workers[0], text);
    }
    int64_t next_upset = clock_mono_ms() + 1500;
    uv_timer_t turn;
    uv_timer_init(&loop, &turn);
    uv_timer_start(&turn, redis_server_turn, 1, 5);
    for (uint64_t began = uv_hrtime(); !all_done() && uv_hrtime() - began < 120000000000u;) {
        uv_run(&loop, UV_RUN_ONCE);
        visit_all();
        if (clock_mono_ms() > next_upset) {
            upset_somebody();
            next_upset = clock_mono_ms() + 700 + rand_r(&seed) % 1500;
        }
    }
    uv_close((uv_handle_t *)&turn, NULL);
    CHECK(all_done(), "every page was fetched");
    for (int h = 0; h < HOSTS; h++) {
        CHECK(sent[h] >= PAGES, "host%d.com", h);
        print_message("host%d.com: %d requests, %d gaps undisturbed, mean %.0f ms of %d\n", h, sent[h], gaps[h],
                      gaps[h] ? (double)gap_sum[h] / gaps[h] : 0, DELAY_MS);
    }
    RUN_UNTIL(&loop, visiting == 0);
    for (int i = 0; i < WORKERS; i++)
        worker_drain(&workers[i]);
    check_balance("done");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(test_manners, world_open, world_close) };
    return world_run(tests, COUNT(tests));
}
