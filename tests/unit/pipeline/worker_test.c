/* Each case is a process of its own with fake stages: what it does on signals, and the status it ends with. */
#include "pipeline/worker.h"

#include "base/log.h"
#include "tests/unit/check.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum behaviour { DRAINS, NEVER_DRAINS, FAILS_LATER, CANNOT_START, FIRST_CANNOT_START };

struct fake {
    const struct stage_env *env;
    uv_timer_t timer;
    void (*done)(void *arg);
    void *arg;
};

static enum behaviour behaviour;
static int said; /* a pipe: what happened, a letter each */

static void say(char c)
{
    assert_int_equal(write(said, &c, 1), 1);
}

static void on_timer(uv_timer_t *t)
{
    struct fake *f = t->data;
    struct error err;
    if (behaviour == FAILS_LATER) {
        error_set(&err, ERROR_SYSTEM, "fenced");
        f->env->on_fatal(f->env->arg, &err);
    } else if (f->done) {
        say('d');
        f->done(f->arg);
    }
}

static void *create(const struct stage_env *env, uv_loop_t *loop, struct error *err)
{
    static int created; /* one after another, downstream first */
    if (behaviour == CANNOT_START || (behaviour == FIRST_CANNOT_START && created++ == 1)) {
        error_set(err, ERROR_TRANSIENT, "Redis does not answer");
        return NULL;
    }
    struct fake *f = xcalloc(1, sizeof(*f));
    f->env = env;
    uv_timer_init(loop, &f->timer);
    f->timer.data = f;
    if (behaviour == FAILS_LATER)
        uv_timer_start(&f->timer, on_timer, 1, 0);
    say('c');
    return f;
}

static void drain(void *self, void (*done)(void *arg), void *arg)
{
    struct fake *f = self;
    say('D');
    f->done = done;
    f->arg = arg;
    if (behaviour == DRAINS || behaviour == FIRST_CANNOT_START)
        uv_timer_start(&f->timer, on_timer, 5, 0);
}

static void on_closed(uv_handle_t *h)
{
    free(h->data);
}

static void destroy(void *self)
{
    struct fake *f = self;
    uv_close((uv_handle_t *)&f->timer, on_closed);
}

static bool is_ready(void *self, struct buffer *why_not)
{
    (void)self, (void)why_not;
    return true;
}

static void busy(void *self, struct buffer *out)
{
    (void)self;
    buffer_puts(out, "3 transfers");
}

static void reload(void *self, const struct config *config)
{
    (void)self;
    say(config->body_budget_mb == 77 ? 'R' : '?');
}

static const struct stage fake_stage = { "fake", create, drain, destroy, is_ready, busy, reload };

static void on_reload(void *arg)
{
    struct worker **w = arg;
    struct config *fresh = xcalloc(1, sizeof(*fresh));
    fresh->body_budget_mb = 77;
    say('r');
    worker_reload(*w, fresh);
}

static void on_waiting(void *arg, const char *what)
{
    (void)arg;
    say(strstr(what, "fake: 3 transfers") ? 'w' : '?');
}

static int live(int stages)
{
    static const struct stage *const two[] = { &fake_stage, &fake_stage };
    static const struct config config = { .body_budget_mb = 32 };
    struct worker_options o = { .config = &config, .stages = two, .stage_count = (size_t)stages, .on_reload = on_reload, .on_waiting = on_waiting };
    struct error err = { 0 };
    struct worker *w;
    uv_loop_t loop;
    o.arg = &w;
    worker_prepare();
    uv_loop_init(&loop);
    w = worker_create(&o, &loop, &err);
    if (!w)
        return uv_loop_close(&loop) == 0 && strcmp(err.message, "fake: Redis does not answer") == 0 ? 40 : 41;
    if (behaviour != FAILS_LATER)
        say('u'); /* signals before its handlers stand end a process, as they should */
    enum worker_end end = worker_run(w, &err);
    if (end == WORKER_LEFT)
        _exit(20);
    if (end == WORKER_FAILED)
        _exit(strcmp(err.message, "fenced") == 0 ? 30 : 31);
    worker_destroy(w);
    return uv_loop_close(&loop) == 0 ? 10 : 11;
}

struct process {
    pid_t pid;
    int out; /* what it says */
};

static struct process start(enum behaviour how, int stages)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    struct process p = { .pid = fork(), .out = ends[0] };
    if (p.pid == 0) {
        close(ends[0]);
        said = ends[1];
        behaviour = how;
        log_init(LOG_ERROR, LOG_TEXT, 2);
        exit(live(stages));
    }
    close(ends[1]);
    return p;
}

static void expect(struct process p, const char *letters)
{
    for (; *letters; letters++) {
        char c = 0;
        assert_int_equal(read(p.out, &c, 1), 1);
        CHECK(c == *letters, "'%c' came, '%s' was expected", c, letters);
    }
}

static int end_of(struct process p)
{
    int status;
    assert_int_equal(waitpid(p.pid, &status, 0), p.pid);
    close(p.out);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void test_drains_in_order(void **state)
{
    (void)state;
    static const int signals[] = { SIGTERM, SIGINT };
    for (size_t i = 0; i < COUNT(signals); i++) {
        struct process p = start(DRAINS, 2);
        expect(p, "ccu");
        kill(p.pid, signals[i]);
        expect(p, "DdDd"); /* the second only when the first is done */
        assert_int_equal(end_of(p), 10);
    }
}

static void test_second_signal_leaves(void **state)
{
    (void)state;
    struct process p = start(NEVER_DRAINS, 1);
    expect(p, "cu");
    kill(p.pid, SIGINT);
    expect(p, "Dw"); /* it says what it waits for */
    kill(p.pid, SIGINT);
    assert_int_equal(end_of(p), 20);
}

/* As a group's SIGTERM comes that a script in it passes on: one wish to stop. */
static void test_a_signal_that_comes_twice(void **state)
{
    (void)state;
    struct process p = start(NEVER_DRAINS, 1);
    expect(p, "cu");
    kill(p.pid, SIGSTOP);
    kill(p.pid, SIGINT);
    kill(p.pid, SIGTERM);
    kill(p.pid, SIGCONT);
    expect(p, "Dw"); /* it drains still */
    kill(p.pid, SIGTERM);
    assert_int_equal(end_of(p), 20);
}

static void test_hangup_reloads(void **state)
{
    (void)state;
    struct process p = start(DRAINS, 1);
    expect(p, "cu");
    kill(p.pid, SIGHUP);
    expect(p, "rR");
    kill(p.pid, SIGTERM);
    expect(p, "Dd");
    assert_int_equal(end_of(p), 10);
}

static void test_failures(void **state)
{
    (void)state;
    assert_int_equal(end_of(start(FAILS_LATER, 2)), 30);
    for (int stages = 1; stages <= 2; stages++)
        assert_int_equal(end_of(start(CANNOT_START, stages)), 40);
    assert_int_equal(end_of(start(FIRST_CANNOT_START, 2)), 40); /* the other one runs already */
}

static void test_tells_the_supervisor(void **state)
{
    (void)state;
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    char text[512];
    snprintf(a.sun_path + 1, sizeof(a.sun_path) - 1, "tidings-notify-%d", (int)getpid());
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, (socklen_t)(sizeof(sa_family_t) + 1 + strlen(a.sun_path + 1))), 0);
    snprintf(text, sizeof(text), "@%s", a.sun_path + 1);
    setenv("NOTIFY_SOCKET", text, 1);
    setenv("WATCHDOG_USEC", "300000", 1);
    struct process p = start(DRAINS, 1);
    static const char *const wanted[] = { "READY=1", "WATCHDOG=1", "WATCHDOG=1", "STOPPING=1" };
    for (size_t i = 0; i < COUNT(wanted); i++) {
        ssize_t n = 0;
        do /* a watchdog's sign may come in between */
            n = recv(fd, text, sizeof(text) - 1, 0);
        while (n > 0 && strncmp(text, wanted[i], strlen(wanted[i])) != 0 && strncmp(text, "WATCHDOG", 8) == 0);
        text[n > 0 ? n : 0] = '\0';
        CHECK(strncmp(text, wanted[i], strlen(wanted[i])) == 0, "%s", text);
        if (i == 2)
            kill(p.pid, SIGTERM);
    }
    assert_int_equal(end_of(p), 10);
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_drains_in_order), cmocka_unit_test(test_second_signal_leaves), cmocka_unit_test(test_a_signal_that_comes_twice), cmocka_unit_test(test_hangup_reloads),
        cmocka_unit_test(test_failures), cmocka_unit_test(test_tells_the_supervisor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
